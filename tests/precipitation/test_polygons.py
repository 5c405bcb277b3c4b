"""Basins from vector files and raster masks, and what is wrong with polygons."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from hydronexus.errors import BasinError, ConfigurationError
from hydronexus.precipitation.polygons import read_mask, read_polygons, sound


def frame(ids: list, crs: str | None = "EPSG:4326") -> gpd.GeoDataFrame:
    boxes = [shapely.box(place, 0, place + 1, 1) for place in range(len(ids))]
    return gpd.GeoDataFrame({"gauge_id": ids, "name": "a river"}, geometry=boxes, crs=crs)


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson"])
def test_ids_are_text_whatever_the_file(tmp_path: Path, suffix: str):
    path = tmp_path / f"basins.{suffix}"
    frame(["01022500", "DE210300"]).to_file(path)
    read = read_polygons(path, "gauge_id")
    assert read.basin.tolist() == ["01022500", "DE210300"]
    assert read.crs.to_epsg() == 4326
    np.testing.assert_allclose(read.total_bounds, [0, 0, 2, 1])


@pytest.mark.parametrize("ids", [[1022500, 7], [1022500.0, 7.0]])
def test_ids_that_are_numbers_have_no_decimal_point(tmp_path: Path, ids: list):
    frame(ids).to_file(tmp_path / "basins.gpkg")
    assert read_polygons(tmp_path / "basins.gpkg", "gauge_id").basin.tolist() == ["1022500", "7"]


def test_a_column_that_is_not_there_is_an_error_that_lists_those_that_are(tmp_path: Path):
    frame(["1"]).to_file(tmp_path / "basins.gpkg")
    with pytest.raises(ConfigurationError, match=r"basins\.gpkg: no column 'id' .*gauge_id, name"):
        read_polygons(tmp_path / "basins.gpkg", "id")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"no\.gpkg"):
        read_polygons(tmp_path / "no.gpkg", "id")


def test_without_a_reference_system_one_has_to_be_given(tmp_path: Path):
    frame(["1"], crs=None).to_file(tmp_path / "basins.shp")
    with pytest.raises(ConfigurationError, match=r"\.prj.*set `crs`"):
        read_polygons(tmp_path / "basins.shp", "gauge_id")
    assert read_polygons(tmp_path / "basins.shp", "gauge_id", crs=2154).crs.to_epsg() == 2154


def mask(path: Path, values: np.ndarray, dtype: str = "int32", crs: str | None = "EPSG:2154") -> Path:
    transform = rasterio.Affine(1000, 0, 800000, 0, -1000, 6480000)
    height, width = values.shape
    options = {"driver": "GTiff", "count": 1, "dtype": dtype, "crs": crs, "nodata": -9, "transform": transform}
    with rasterio.open(path, "w", height=height, width=width, **options) as file:
        file.write(values.astype(dtype), 1)
    return path


def test_a_mask_gives_one_polygon_per_id_even_of_parts_that_do_not_touch(tmp_path: Path):
    read = read_mask(mask(tmp_path / "mask.tif", np.array([[7, 7, 0], [12, -9, 7]])))
    assert read.basin.tolist() == ["12", "7"]
    assert read.set_index("basin").area.to_dict() == {"12": 1e6, "7": 3e6}
    assert read.crs.to_epsg() == 2154
    assert read.total_bounds.tolist() == [800000, 6478000, 803000, 6480000]


def test_a_mask_of_fractions_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="whole numbers; found float32"):
        read_mask(mask(tmp_path / "mask.tif", np.array([[0.5, 1.0]]), "float32"))


def test_a_mask_nobody_can_place_or_find_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no coordinate reference system"):
        read_mask(mask(tmp_path / "mask.tif", np.array([[1, 2]]), crs=None))
    with pytest.raises(ConfigurationError, match=r"no\.tif"):
        read_mask(tmp_path / "no.tif")


def test_a_repair_that_keeps_the_area_is_made():
    spike = shapely.Polygon([(0, 0), (2, 0), (2, 1), (2, 3), (2, 1), (0, 1)])
    assert not spike.is_valid
    mended = sound("a", spike)
    assert mended.is_valid
    assert mended.area == 2


def test_a_repair_that_changes_the_area_is_an_error():
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    with pytest.raises(BasinError, match=r"basin a: its polygon is invalid \(Self-intersection"):
        sound("a", bow_tie)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [(None, "no geometry"), (shapely.Polygon(), "no geometry"), (shapely.Point(1, 1), "a Point")],
)
def test_what_is_no_polygon_is_an_error(geometry: shapely.Geometry | None, said: str):
    with pytest.raises(BasinError, match=f"basin a: {said} where its polygon should be"):
        sound("a", geometry)


def test_a_polygon_without_area_is_an_error():
    with pytest.raises(BasinError, match="no area"):
        sound("a", shapely.Polygon([(1, 1), (2, 2), (1, 1)]))
