"""Readers of dataset formats: one small module each, and one line here.

A reader offers `list_basins(dataset)` and `sources(dataset, basin_id)`, which must stay light because
Snakemake calls them while it parses the workflow, and `read(dataset, basin_id, basin)`, which returns
canonical names with the file's units.
"""

from importlib import import_module
from types import ModuleType

READERS = {
    "camels_us": "camels_us",
    "camels_de": "camels_de",
    "caravan_csv": "caravan",
    "caravan_netcdf": "caravan",
    "netcdf": "netcdf",
    "csv": "table",
    "parquet": "table",
    "example": "example",
    "virtual": "virtual",
}


def reader(format: str) -> ModuleType:
    """Module that reads a format."""
    return import_module(f"hydronexus.forcing.readers.{READERS[format]}")
