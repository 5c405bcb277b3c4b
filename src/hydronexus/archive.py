"""Labelled arrays in one file: a Zarr store inside a ZIP, written beside its target and renamed."""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from hydronexus.whole import damage_told, written_whole


def write(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a dataset as ``*.zarr.zip``; the file appears whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
        Loaded or lazy arrays; floating variables are stored as they are, one chunk each.
    path : str or Path
        Target file; parent folders are created.
    """
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
    with written_whole(Path(path)) as partial, zipfile.ZipFile(partial, "w") as file:
        for name in sorted(entries):
            file.writestr(zipfile.ZipInfo(name), entries[name].to_bytes())  # without a date: equal data, equal files
        file.comment = _seal(file)


def read(path: str | Path) -> xr.Dataset:
    """Load a ``*.zarr.zip`` written by :func:`write` into memory and close it; variables come in alphabetical order.

    Raises
    ------
    DamagedResultError
        If the file is cut, altered, or lacks a part.
    """
    with _opened(path) as store:
        dataset = xr.open_zarr(store, consolidated=False, chunks=None).load()
    return dataset[sorted(dataset.data_vars)]  # Zarr lists a folder in no fixed order


def attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a ``*.zarr.zip`` without reading its arrays; raises as :func:`read` does."""
    with _opened(path) as store:
        return dict(zarr.open_group(store, mode="r").attrs)


@contextmanager
def _opened(path: str | Path) -> Iterator[zarr.storage.ZipStore]:
    with damage_told(path):
        with zipfile.ZipFile(path) as file:
            # Of Zarr 2, whose stores may ask for pickles, none was written here.
            if file.comment != _seal(file) or "zarr.json" not in file.namelist():
                raise ValueError("not all that was written is there")
        with zarr.storage.ZipStore(path, mode="r") as store:
            yield store


def _seal(file: zipfile.ZipFile) -> bytes:
    """Digest of the names and sums of all parts: Zarr takes an absent chunk, or array, for one never written."""
    parts = "".join(f"{part.filename} {part.CRC}\n" for part in file.infolist())
    return hashlib.sha256(parts.encode()).hexdigest().encode()
