"""What the generic formats share: where a basin's file is, what to take from it, and attributes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hydronexus.config import Dataset
from hydronexus.errors import ConfigurationError
from hydronexus.forcing.readers.files import existing, on_earth, read_csv, row_of
from hydronexus.forcing.variables import UNITS

HOLE = "{basin}"
ATTRIBUTES = {
    "area_km2": ("area_km2", "area"),
    "latitude": ("latitude", "lat", "gauge_lat"),
    "longitude": ("longitude", "lon", "gauge_lon"),
    "elevation_m": ("elevation_m", "elev_m", "elev_mean", "elevation"),
    "slope_m_per_km": ("slope_m_per_km", "slope_mean"),
}


def pattern(dataset: Dataset, extension: str) -> Path:
    """Path of one file, or with `{basin}` in it."""
    return dataset.path / f"{HOLE}.{extension}" if dataset.path.is_dir() else dataset.path


def path_of(dataset: Dataset, basin_id: str, extension: str) -> Path:
    """File that holds a basin."""
    return Path(str(pattern(dataset, extension)).replace(HOLE, basin_id))


def list_files(dataset: Dataset, extension: str) -> list[str]:
    """Ids of all files that fit the pattern; a single file is one basin, called as the file.

    Raises
    ------
    ConfigurationError
        If there is no file.
    """
    wanted = pattern(dataset, extension)
    if HOLE not in str(wanted):
        if not wanted.is_file():
            raise ConfigurationError(f"path: no file {wanted}")
        return [wanted.stem]
    folder = next(parent for parent in wanted.parents if HOLE not in str(parent))
    fits = re.compile(
        re.escape(str(wanted)).replace(re.escape(HOLE), "(?P<id>[^/]+)", 1).replace(re.escape(HOLE), "(?P=id)")
    )
    found = folder.glob(str(wanted.relative_to(folder)).replace(HOLE, "*"))
    names = sorted(match["id"] for path in found if (match := fits.fullmatch(str(path))))
    if not names:
        raise ConfigurationError(f"path: no file fits {wanted}")
    return names


def wanted(dataset: Dataset, there: Iterable[str]) -> dict[str, str | list[str]]:
    """Canonical variable to the file's names: as configured, or by its canonical name in the file."""
    return {name: name for name in there if name in UNITS} | dict(dataset.variables)


def attributes(dataset: Dataset, basin_id: str, basin: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Area, place and elevation from the dataset's table, or else from what the file itself says.

    Parameters
    ----------
    found : mapping
        Names and values of the file's attributes.

    Raises
    ------
    SourceMissingError, SourceUnreadableError, UnknownBasinError, ImpossibleValueError
        The configured table is missing, has no column `basin`, not one row of this basin, or a place not on Earth.
    """
    facts = dict(found)
    if dataset.attributes is not None:
        table = read_csv(existing(dataset.attributes, basin, "table of attributes"), basin, dtype={"basin": str})
        facts |= row_of(table, "basin", basin_id, basin, dataset.attributes).iloc[0].to_dict()
    values = {name: _number(facts, aliases) for name, aliases in ATTRIBUTES.items()}
    on_earth(values, basin, dataset.attributes or path_of(dataset, basin_id, dataset.format))
    licence = facts.get("licence", facts.get("license", "not stated"))
    return values | {"source": str(facts.get("source", dataset.path.name)), "licence": str(licence)}


def _number(facts: Mapping[str, Any], aliases: Iterable[str]) -> float | None:
    for alias in aliases:
        try:
            value = float(facts[alias])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(value):
            return value
    return None
