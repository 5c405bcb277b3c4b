"""Ingestion of real basins and of other time steps."""

import json

import numpy as np
import pytest

from hydronexus import archive
from hydronexus.config import load_study
from hydronexus.forcing.ingest import ingest

PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}
VARIABLES = {
    "precipitation": "prcp", "temperature_min": "tmin", "temperature_max": "tmax",
    "shortwave_radiation": "srad", "vapour_pressure": "vp", "streamflow": "q",
}  # fmt: skip


@pytest.fixture
def study(shared):
    return load_study(
        {
            "study": "s",
            "periods": PERIODS,
            "datasets": {
                "us": {"format": "camels_us", "path": str(shared / "camels_us_native")},
                "nc": {
                    "format": "netcdf",
                    "path": str(shared / "camels_us_maurer_432.nc"),
                    "variables": VARIABLES,
                },
                "de": {"format": "camels_de", "path": str(shared / "camels_de")},
            },
        }
    )


@pytest.mark.parametrize("basin", ["01022500", "02128000", "06477500", "09312600"])
def test_native_camels_us_equals_the_same_basin_of_the_netcdf(study, basin):
    native, packed = ingest(study, f"us_{basin}"), ingest(study, f"nc_{basin}")
    assert set(native.data_vars) == set(packed.data_vars)
    assert (native["time"].values == packed["time"].values).all()
    for name in native.data_vars:
        # The netCDF holds two decimals; whole-day radiation and Hargreaves carry their rounding on.
        np.testing.assert_allclose(native[name], packed[name], rtol=2e-3, atol=0.011, err_msg=name)
    for name in ("area_km2", "latitude", "elevation_m"):
        assert native.attrs[name] == pytest.approx(packed.attrs[name])


def test_camels_us_follows_the_contract(study, tmp_path):
    data = ingest(study, "us_01022500")
    assert all(array.dtype == np.float32 for array in data.data_vars.values())
    assert all({"units", "long_name"} == set(array.attrs) for array in data.data_vars.values())
    assert data["time"].dtype == "datetime64[ns]"
    assert (data.attrs["basin"], data.attrs["dataset"], data.attrs["time_step_days"]) == (
        "us_01022500",
        "us",
        1.0,
    )
    assert isinstance(json.loads(data.attrs["checks"]), list)
    archive.write(data, tmp_path / "x.zarr.zip")
    assert archive.read(tmp_path / "x.zarr.zip").identical(data)


def test_camels_us_agrees_with_its_published_climate(study, shared):
    lines = (shared / "camels_us_native" / "camels_attributes_v2.0" / "camels_clim.txt").read_text().splitlines()
    row = next(line for line in lines if line.startswith("01022500")).split(";")
    data = ingest(study, "us_01022500")
    # Published means are of Daymet, 1989-2009, with a Priestley-Taylor fitted to each catchment.
    assert float(data["precipitation"].mean()) == pytest.approx(float(row[1]), rel=0.15)
    assert float(data["potential_evapotranspiration"].mean()) == pytest.approx(float(row[2]), rel=0.25)


def test_gaps_of_streamflow_in_camels_de_survive(shared, study):
    settings = {
        "train": ["1990-01-01", "2000-12-31"],
        "validation": ["1970-01-01", "1989-12-31"],
        "test": ["2001-01-01", "2020-12-31"],
    }
    one = load_study(
        {
            "study": "s",
            "periods": settings,
            "datasets": {"de": {"format": "camels_de", "path": str(shared / "camels_de")}},
        }
    )
    data = ingest(one, "de_DE110080")
    lines = (
        (shared / "camels_de" / "timeseries" / "CAMELS_DE_hydromet_timeseries_DE110080.csv")
        .read_text()
        .splitlines()[1:]
    )
    first = str(data["time"].values[0])[:10]
    missing = sum(1 for line in lines if line[:10] >= first and line.split(",")[1] == "")
    assert 0 < int(data["streamflow"].isnull().sum()) == missing
    assert f"missing on {missing} of" in data.attrs["checks"]
    assert int(data.drop_vars("streamflow").to_array().isnull().sum()) == 0


def test_camels_de_brings_the_spread_of_rain_and_its_specific_discharge(study, shared):
    data = ingest(study, "de_DE110000").sel(time="1990-02-15")
    path = shared / "camels_de" / "timeseries" / "CAMELS_DE_hydromet_timeseries_DE110000.csv"
    heading, *lines = path.read_text().splitlines()
    row = dict(zip(heading.split(","), next(x for x in lines if x.startswith("1990-02-15")).split(","), strict=True))
    assert float(data["precipitation_stdev"]) == pytest.approx(float(row["precipitation_stdev"]), abs=1e-3)
    assert float(data["streamflow"]) == pytest.approx(float(row["discharge_spec_obs"]), abs=0.006)


def test_hourly_data_keep_their_water(csv_study, weather):
    table = weather(freq="h")
    units = {"precipitation": "mm", "streamflow": "mm/h"} | {n: "degC" for n in table if n.startswith("temp")}
    data = ingest(csv_study(table, units=units), "mine_01")
    assert data.attrs["time_step_days"] == pytest.approx(1 / 24)
    assert data["time"].values[0] == np.datetime64("2000-01-02T00")
    kept = table["2000-01-02":]
    assert float(data["precipitation"].sum()) == pytest.approx(kept["precipitation"].sum(), rel=1e-4)
    assert float(data["streamflow"].sum()) == pytest.approx(kept["streamflow"].sum(), rel=1e-4)
    assert 1 < float(data["potential_evapotranspiration"].mean()) * 24 < 4


def test_volume_flow_becomes_depth_over_the_configured_area(csv_study, table):
    cubic_metres = table.assign(streamflow=table["streamflow"] * 120.5 / 86.4)
    units = {"precipitation": "mm/d", "streamflow": "m3/s"} | {n: "degC" for n in table if n.startswith("temp")}
    data = ingest(csv_study(cubic_metres, units=units), "mine_01")
    np.testing.assert_allclose(data["streamflow"], table["streamflow"].reindex(data.indexes["time"]), rtol=1e-4)


def test_daily_data_stamped_at_noon_are_stamped_at_midnight(csv_study, weather):
    table = weather()
    table.index = table.index + np.timedelta64(12, "h")
    assert ingest(csv_study(table), "mine_01")["time"].values[-1] == np.datetime64("2003-12-31")


def test_a_virtual_basin_brings_its_truth_and_settings(periods):
    virtual = {"years": 4, "start": "2000-01-01", "cells": 5}
    one = load_study({"study": "s", "periods": periods, "datasets": {"v": {"format": "virtual", "virtual": virtual}}})
    data = ingest(one, "v_1")
    assert json.loads(data.attrs["virtual"])["cells"] == 5
    assert {"precipitation", "potential_evapotranspiration", "streamflow", "true_baseflow"} <= set(data.data_vars)
    assert "temperature" not in data
    assert all(data[name].attrs["units"] == "mm" for name in data.data_vars)
