"""Stores come whole or not at all, and hold what was written."""

import numpy as np
import pytest
import xarray as xr

from hydronexus import archive


@pytest.fixture
def dataset() -> xr.Dataset:
    return xr.Dataset(
        {"flow": (("seed", "time"), np.arange(8.0).reshape(2, 4), {"units": "mm"}), "name": (("seed",), ["a", "long"])},
        {"time": np.arange("2000-01-01", "2000-01-05", dtype="datetime64[D]").astype("datetime64[ns]")},
        {"basin": "x_1", "area_km2": 3.5},
    )


def test_what_is_read_is_what_was_written(dataset, tmp_path):
    archive.write(dataset, tmp_path / "deep" / "x.zarr.zip")
    xr.testing.assert_identical(archive.read(tmp_path / "deep" / "x.zarr.zip"), dataset)


def test_attributes_are_read_alone(dataset, tmp_path):
    archive.write(dataset, tmp_path / "x.zarr.zip")
    assert archive.attributes(tmp_path / "x.zarr.zip") == dataset.attrs


def test_equal_data_make_equal_files(dataset, tmp_path):
    archive.write(dataset, tmp_path / "a.zarr.zip")
    archive.write(dataset, tmp_path / "b.zarr.zip")
    assert (tmp_path / "a.zarr.zip").read_bytes() == (tmp_path / "b.zarr.zip").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(dataset, tmp_path):
    path = tmp_path / "x.zarr.zip"
    archive.write(dataset, path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        archive.write(dataset.assign_attrs(bad=object()), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.zarr\.zip"):
        archive.read(tmp_path / "nowhere.zarr.zip")
