"""Readers of files in the layouts of real datasets, small and written here."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus.config import load_study
from hydronexus.errors import (
    IrregularTimeError,
    SourceMissingError,
    SourceUnreadableError,
    UnitsError,
    UnknownBasinError,
)
from hydronexus.forcing.ingest import ingest

MAPPED = {
    "precipitation": "prcp",
    "temperature": ["tmin", "tmax"],
    "temperature_min": "tmin",
    "temperature_max": "tmax",
    "streamflow": "q",
}
SHORT = {"precipitation": "prcp", "temperature_min": "tmin", "temperature_max": "tmax", "streamflow": "q"}


def study(periods, **dataset):
    return load_study({"study": "s", "periods": periods, "datasets": {"d": dataset}})


def same(data: xr.Dataset, table: pd.DataFrame, *names: str) -> None:
    for name in names:
        np.testing.assert_allclose(data[name], table[name].reindex(data.indexes["time"]), rtol=1e-5, atol=1e-4)


def as_netcdf(table: pd.DataFrame) -> xr.Dataset:
    units = {"prcp": "mm/day", "tmin": "degC", "tmax": "degC", "q": "mm/day"}
    data = table.rename(columns=SHORT)[list(units)].to_xarray().rename(date="time")
    for name, unit in units.items():
        data[name].attrs["units"] = unit
    return data


# CAMELS-US


def camels_us(folder: Path, table: pd.DataFrame, product: str = "daymet", capitals: bool = False) -> dict:
    """One basin of 100 km2; flow lies under another region, as some do."""
    forcing = folder / "basin_mean_forcing" / product / "01"
    flow = folder / "usgs_streamflow" / "02"
    forcing.mkdir(parents=True)
    flow.mkdir(parents=True)
    names = "Year Mnth Day Hr dayl(s) prcp(mm/day) srad(W/m2) swe(mm) tmax(C) tmin(C) vp(Pa)"
    if capitals:
        names = "Year Mnth Day Hr Dayl(s) PRCP(mm/day) SRAD(W/m2) SWE(mm) Tmax(C) Tmin(C) Vp(Pa)"
    lines = ["  45.00", " 250.00", "100000000", names.replace(" ", "\t")]
    for day, row in table.iterrows():
        stamp = f"{day:%Y %m %d} 12"
        lines.append(
            f"{stamp} 40000 {row.precipitation} {150 + day.dayofyear % 7} 0 "
            f"{row.temperature_max} {row.temperature_min} {800 + day.dayofyear % 5}"
        )
    (forcing / "01022500_lump_cida_forcing_leap.txt").write_text("\n".join(lines))
    cubic_feet = table.streamflow / 86.4 * 100 / 0.3048**3
    rows = [f"01022500 {day:%Y %m %d} {value:10.4f} A" for day, value in cubic_feet.fillna(-999).items()]
    (flow / "01022500_streamflow_qc.txt").write_text("\n".join(rows))
    return {"format": "camels_us", "path": str(folder), "forcing": product}


@pytest.mark.parametrize("capitals", [False, True])
def test_camels_us_is_read_in_any_product(periods, tmp_path, table, capitals):
    table.loc["2001-03-01":"2001-03-10", "streamflow"] = np.nan
    data = ingest(study(periods, **camels_us(tmp_path, table, "nldas_extended", capitals)), "d_01022500")
    same(data, table, "precipitation", "temperature_min", "temperature_max", "streamflow")
    np.testing.assert_allclose(data["temperature"], (data["temperature_min"] + data["temperature_max"]) / 2, atol=1e-4)
    assert (data.attrs["area_km2"], data.attrs["latitude"], data.attrs["elevation_m"]) == (100, 45, 250)
    assert int(data["streamflow"].isnull().sum()) == 10


def test_camels_us_takes_longitude_and_slope_from_the_table_of_gauges_where_there_is_one(periods, tmp_path, table):
    settings = camels_us(tmp_path, table)
    assert "longitude" not in ingest(study(periods, **settings), "d_01022500").attrs
    folder = tmp_path / "camels_attributes_v2.0"
    folder.mkdir()
    gauges = folder / "camels_topo.txt"
    gauges.write_text("gauge_id;gauge_lat;gauge_lon;slope_mean\n01013500;47.2;-68.5;21\n01022500;44.6;-67.9;17.8\n")
    attributes = ingest(study(periods, **settings), "d_01022500").attrs
    assert (attributes["longitude"], attributes["slope_m_per_km"]) == (-67.9, 17.8)
    gauges.write_text("gauge_id;gauge_lat;gauge_lon;slope_mean\n01013500;47.2;-68.5;21\n")
    with pytest.raises(UnknownBasinError, match=r"no basin '01022500' .*camels_topo.txt"):
        ingest(study(periods, **settings), "d_01022500")


def test_an_id_that_lost_its_leading_zero_gets_a_hint(periods, tmp_path, table):
    settings = camels_us(tmp_path, table) | {"basins": ["1022500"]}
    with pytest.raises(UnknownBasinError, match="did you mean '01022500'"):
        ingest(study(periods, **settings), "d_1022500")


def test_a_basin_without_its_streamflow_file_names_the_file(periods, tmp_path, table):
    settings = camels_us(tmp_path, table)
    (tmp_path / "usgs_streamflow" / "02" / "01022500_streamflow_qc.txt").unlink()
    with pytest.raises(SourceMissingError, match=r"streamflow not found at .*01022500_streamflow_qc.txt"):
        ingest(study(periods, **settings), "d_01022500")


def test_a_camels_us_file_without_heading_is_unreadable(periods, tmp_path, table):
    settings = camels_us(tmp_path, table)
    (tmp_path / "basin_mean_forcing" / "daymet" / "01" / "01022500_lump_cida_forcing_leap.txt").write_text("lost\n")
    with pytest.raises(SourceUnreadableError, match="latitude, elevation and area"):
        ingest(study(periods, **settings), "d_01022500")


def test_a_day_twice_in_the_streamflow_file_is_named(periods, tmp_path, table):
    settings = camels_us(tmp_path, table)
    path = tmp_path / "usgs_streamflow" / "02" / "01022500_streamflow_qc.txt"
    path.write_text(path.read_text() + "\n01022500 2001 05 01 3.0 A")
    with pytest.raises(IrregularTimeError, match=r"streamflow_qc.txt, first 2001-05-01"):
        ingest(study(periods, **settings), "d_01022500")


# Caravan


@pytest.fixture
def caravan(tmp_path: Path, table: pd.DataFrame):
    """A Caravan folder with one basin of GRDC, whose ids are in capitals; `pet` adds a newer column."""

    def build(kind: str, pet: bool) -> dict:
        names = {
            "precipitation": "total_precipitation_sum", "temperature": "temperature_2m_mean",
            "temperature_min": "temperature_2m_min", "temperature_max": "temperature_2m_max",
        }  # fmt: skip
        caravan = table.rename(columns=names).assign(
            potential_evaporation_sum_ERA5_LAND=np.linspace(10, 20, len(table))
        )
        if pet:
            caravan["potential_evaporation_sum_FAO_PENMAN_MONTEITH"] = np.linspace(1, 2, len(table))
        folder = tmp_path / "timeseries" / ("csv" if kind == "csv" else "netcdf") / "grdc"
        folder.mkdir(parents=True)
        if kind == "csv":
            caravan.to_csv(folder / "GRDC_1159100.csv")
        else:
            caravan.to_xarray().to_netcdf(folder / "GRDC_1159100.nc")
        attributes = tmp_path / "attributes" / "grdc"
        attributes.mkdir(parents=True)
        (attributes / "attributes_other_grdc.csv").write_text(
            "gauge_id,gauge_lat,gauge_lon,area\nGRDC_1159100,-28.5,17.6,786.5\n"
        )
        return {"format": f"caravan_{kind}", "path": str(tmp_path)}

    return build


@pytest.mark.parametrize("kind", ["csv", "netcdf"])
def test_caravan_is_read_with_its_penman_monteith_column(periods, caravan, table, kind):
    data = ingest(study(periods, **caravan(kind, pet=True)), "d_GRDC_1159100")
    same(data, table, "precipitation", "temperature", "streamflow")
    assert 1 <= float(data["potential_evapotranspiration"].mean()) <= 2
    assert data.attrs["pet_method"] == "given by the dataset"
    assert (data.attrs["area_km2"], data.attrs["latitude"], data.attrs["longitude"]) == (786.5, -28.5, 17.6)


def test_caravan_without_penman_monteith_never_takes_that_of_era5_land(periods, caravan):
    data = ingest(study(periods, **caravan("csv", pet=False)), "d_GRDC_1159100")
    assert data.attrs["pet_method"].startswith("Hargreaves")
    assert float(data["potential_evapotranspiration"].mean()) < 6


# Generic formats


def test_csv_with_semicolons_and_decimal_commas_is_told_by_itself(periods, tmp_path, table, csv_study):
    one = csv_study(table)
    table.to_csv(tmp_path / "csv" / "01.csv", sep=";", decimal=",")
    same(ingest(one, "mine_01"), table, "precipitation", "temperature", "streamflow")


def test_undeclared_marks_of_missing_values_are_missing(table, csv_study):
    table.loc["2002-03-01":"2002-03-05", "streamflow"] = -999
    data = ingest(csv_study(table), "mine_01")
    assert int(data["streamflow"].isnull().sum()) == 5
    assert "negative" not in data.attrs["checks"]


@pytest.mark.parametrize(
    "content", ["", "precipitation,q\n1,2\n3,4\n", "date,precipitation,streamflow\n2001-01-01,a,b\n"]
)
def test_a_csv_that_is_none_is_unreadable(tmp_path, table, csv_study, content):
    one = csv_study(table)
    (tmp_path / "csv" / "01.csv").write_text(content)
    with pytest.raises(SourceUnreadableError, match=r"01\.csv"):
        ingest(one, "mine_01")


def test_a_file_that_vanished_is_unknown_or_missing(tmp_path, table, csv_study):
    one = csv_study(table, path=str(tmp_path / "csv" / "{basin}.csv"), basins=["01"])
    (tmp_path / "csv" / "02.csv").write_text("")
    (tmp_path / "csv" / "01.csv").unlink()
    with pytest.raises(UnknownBasinError, match="'01'"):
        ingest(one, "mine_01")


def test_a_missing_table_of_attributes_is_named(tmp_path, table, csv_study):
    one = csv_study(table)
    (tmp_path / "attributes.csv").unlink()
    with pytest.raises(SourceMissingError, match="table of attributes"):
        ingest(one, "mine_01")


def test_a_basin_may_stand_anywhere_in_the_path(tmp_path, table, csv_study):
    one = csv_study(table, path=str(tmp_path / "deep" / "{basin}" / "q_{basin}.csv"))
    (tmp_path / "deep" / "01").mkdir(parents=True)
    (tmp_path / "csv" / "01.csv").rename(tmp_path / "deep" / "01" / "q_01.csv")
    assert ingest(one, "mine_01").sizes["time"] == 1460


def test_a_single_file_is_a_basin_of_its_name(tmp_path, table, csv_study):
    one = csv_study(table, path=str(tmp_path / "csv" / "01.csv"))
    assert ingest(one, "mine_01").attrs["basin"] == "mine_01"


def test_dates_with_a_time_zone_lose_it(tmp_path, table, csv_study):
    one = csv_study(table)
    table.tz_localize("UTC").to_csv(tmp_path / "csv" / "01.csv")
    same(ingest(one, "mine_01"), table, "precipitation")


def test_parquet_is_read_by_its_index(periods, tmp_path, table):
    table.to_parquet(tmp_path / "7.parquet")
    units = {name: "degC" if name.startswith("temp") else "mm" for name in table}
    (tmp_path / "a.csv").write_text("basin,area_km2,latitude,longitude\n7,12,47,-8\n")
    one = study(periods, format="parquet", path=str(tmp_path), units=units, attributes=str(tmp_path / "a.csv"))
    data = ingest(one, "d_7")
    same(data, table, "precipitation", "temperature", "streamflow")
    assert data.attrs["longitude"] == -8


@pytest.mark.parametrize("layout", ["folder", "pattern", "file"])
def test_netcdf_of_one_basin_is_found_in_every_layout(periods, tmp_path, table, layout):
    as_netcdf(table).assign_attrs(latitude=47.0, area_km2=12.0, license="CC0").to_netcdf(tmp_path / "x7.nc")
    path = {"folder": tmp_path, "pattern": tmp_path / "x{basin}.nc", "file": tmp_path / "x7.nc"}[layout]
    basin = "d_7" if layout == "pattern" else "d_x7"
    data = ingest(study(periods, format="netcdf", path=str(path), variables=MAPPED), basin)
    same(data, table, "precipitation", "streamflow")
    np.testing.assert_allclose(data["temperature"], (data["temperature_min"] + data["temperature_max"]) / 2, atol=1e-4)
    assert (data.attrs["latitude"], data.attrs["licence"]) == (47.0, "CC0")


def test_netcdf_with_a_basin_dimension_takes_attributes_of_the_basin(periods, tmp_path, table):
    both = xr.concat([as_netcdf(table), 2 * as_netcdf(table)], "gauge_id", combine_attrs="override")
    both = both.assign_coords(
        gauge_id=["01", "02"], gauge_lat=("gauge_id", [40.0, 50.0]), area_km2=("gauge_id", [1.0, 2.0])
    )
    for name, unit in (("prcp", "mm/day"), ("tmin", "degC"), ("tmax", "degC"), ("q", "mm/day")):
        both[name].attrs["units"] = unit
    both.to_netcdf(tmp_path / "all.nc")
    data = ingest(study(periods, format="netcdf", path=str(tmp_path / "all.nc"), variables=SHORT), "d_02")
    same(data, 2 * table, "precipitation", "streamflow")
    assert (data.attrs["latitude"], data.attrs["area_km2"]) == (50.0, 2.0)


def test_averaging_variables_of_different_units_is_refused(periods, tmp_path, table):
    data = as_netcdf(table)
    data["tmin"] = data["tmin"] + 273.15
    data["tmin"].attrs["units"] = "K"
    data.to_netcdf(tmp_path / "7.nc")
    with pytest.raises(UnitsError, match="different units: K, degC"):
        ingest(study(periods, format="netcdf", path=str(tmp_path), variables=MAPPED), "d_7")


def test_units_of_the_configuration_win_over_those_of_the_file(periods, tmp_path, table):
    data = as_netcdf(table).assign_attrs(latitude=47.0)
    data["prcp"] = (data["prcp"] / 10).assign_attrs(units="mm/day")
    data.to_netcdf(tmp_path / "7.nc")
    settings = {"format": "netcdf", "path": str(tmp_path), "variables": SHORT}
    same(ingest(study(periods, **settings, units={"precipitation": "cm/day"}), "d_7"), table, "precipitation")


def test_a_damaged_netcdf_is_unreadable(periods, tmp_path):
    (tmp_path / "7.nc").write_text("not netcdf")
    with pytest.raises(SourceUnreadableError, match=r"7\.nc cannot be read as netCDF"):
        ingest(study(periods, format="netcdf", path=str(tmp_path)), "d_7")


def test_a_grid_is_refused_with_its_dimensions(periods, tmp_path, table):
    as_netcdf(table).expand_dims(lat=[1.0, 2.0]).to_netcdf(tmp_path / "7.nc")
    with pytest.raises(SourceUnreadableError, match="dimensions"):
        ingest(study(periods, format="netcdf", path=str(tmp_path), variables=SHORT), "d_7")


def test_extra_variables_come_along_in_their_own_units(table, csv_study):
    table["soil_moisture"] = np.linspace(0.1, 0.4, len(table))
    one = csv_study(table, variables={"soil_moisture": "soil_moisture"})
    units = one.datasets["mine"].units | {"soil_moisture": "m3 m-3"}
    data = ingest(csv_study(table, variables={"soil_moisture": "soil_moisture"}, units=units), "mine_01")
    assert data["soil_moisture"].attrs["units"] == "m3 m-3"


# Example


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame) -> Path:
    """An archive in the example's layout, in the cache of a working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cache" / "holmes_hydro-3.5.0-py3-none-any.whl"
    path.parent.mkdir()
    named = table.rename_axis("Date").rename(columns={"precipitation": "P", "streamflow": "Qo", "temperature": "T"})
    named["E0"] = np.linspace(0, 4, len(named))
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("holmes/data/Au Saumon_Observations.csv", named[["P", "E0", "Qo", "T"]].to_csv())
        package.writestr("holmes/data/Leaf_Observations.csv", named[["E0", "P", "Qo"]].to_csv())
    return path


def test_the_example_is_read_from_the_archive(periods, archive, table):
    data = ingest(study(periods, format="example", basins=["au_saumon"]), "d_au_saumon")
    same(data, table, "precipitation", "streamflow", "temperature")
    assert data.attrs["licence"] == "MIT"


def test_a_basin_without_temperature_is_told_to_run_without_snow(periods, archive):
    data = ingest(study(periods, format="example", basins=["leaf_river"]), "d_leaf_river")
    assert "temperature" not in data
    assert "without snow" in data.attrs["checks"]


def test_a_missing_archive_says_who_gets_it(periods, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceMissingError, match="fetch_example"):
        ingest(study(periods, format="example"), "d_baskatong")


def test_a_damaged_archive_is_unreadable(periods, archive):
    archive.write_bytes(b"half")
    with pytest.raises(SourceUnreadableError, match="delete it and run again"):
        ingest(study(periods, format="example"), "d_baskatong")
