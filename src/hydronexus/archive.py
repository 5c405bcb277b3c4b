"""Labelled arrays in one file: a Zarr store inside a ZIP, written beside its target and renamed."""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr


def write(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a dataset as ``*.zarr.zip``; the file appears whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
        Loaded or lazy arrays; floating variables are stored as they are, one chunk each.
    path : str or Path
        Target file; parent folders are created.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    # Zarr 3 has no stable type for text of fixed length.
    text = {
        name: array.astype(np.dtypes.StringDType())
        for name, array in dataset.variables.items()
        if array.dtype.kind == "U"
    }
    dataset = dataset.assign(text)
    encoding = {name: {"chunks": array.shape} for name, array in dataset.variables.items() if array.shape}
    # Through memory, because a ZipStore cannot replace the metadata that xarray writes more than once.
    entries: dict[str, zarr.core.buffer.Buffer] = {}
    store = zarr.storage.MemoryStore(entries)
    dataset.to_zarr(store, zarr_format=3, consolidated=False, encoding=encoding)
    try:
        with zipfile.ZipFile(partial, "w") as file:
            for name in sorted(entries):
                file.writestr(
                    zipfile.ZipInfo(name), entries[name].to_bytes()
                )  # without a date, so equal data make equal files
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: str | Path) -> xr.Dataset:
    """Load a ``*.zarr.zip`` written by :func:`write` into memory and close it; variables come in alphabetical order."""
    if not Path(path).is_file():
        raise FileNotFoundError(path)  # ZipStore hides it behind an AttributeError
    with zarr.storage.ZipStore(path, mode="r") as store:
        dataset = xr.open_zarr(store, consolidated=False, chunks=None).load()
    return dataset[sorted(dataset.data_vars)]  # Zarr lists a folder in no fixed order


def attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a ``*.zarr.zip`` without reading its arrays."""
    with zarr.storage.ZipStore(path, mode="r") as store:
        return dict(zarr.open_group(store, mode="r").attrs)
