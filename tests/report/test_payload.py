"""What the explorer shows of a basin, as numbers."""

import base64
import gzip
import json

import numpy as np
import pytest
import xarray as xr

from hydronexus.figures.laws import store_levels
from hydronexus.report.explorer.curves import band, rounded
from hydronexus.report.explorer.page import pack
from hydronexus.report.explorer.payload import LAGS, YEARS, basin_payload
from tests.builders import PERIODS, build_basin, evaluate


def payload(name="demo_a", virtual=False, change=lambda basin: {}, **options):
    basin = build_basin(name, virtual, **options)
    stores = {"forcing": basin.forcing, "simulation": basin.simulation, "response": basin.response}
    return basin_payload(**(stores | change(basin)), evaluation=evaluate(name, virtual, **options), periods=PERIODS)


def test_numbers_keep_three_digits_and_what_is_not_finite_is_null():
    assert rounded(np.array([1.23456, 1234.5, 0.00012345, np.nan, np.inf, 2.0])) == [
        1.23,
        1230,
        0.000123,
        None,
        None,
        2,
    ]
    assert rounded(np.array([0.00049, 0.04567]), 1e-3) == [0, 0.046]


def test_a_band_is_the_range_of_members():
    members = xr.DataArray([[1.0, 4.0], [3.0, 8.0]], dims=("seed", "time"))
    assert band(members) == {"mean": [2, 6], "low": [1, 4], "high": [3, 8]}


def test_levels_of_a_store_follow_where_the_basin_has_been():
    visited = np.zeros((20, 5), bool)
    assert store_levels(visited) == {}
    visited[:2, 0] = visited[:4, 1] = visited[:10, 3] = True  # two cells are too few for a line
    assert store_levels(visited) == {"low": 1, "median": 3, "high": 3}


def test_the_hydrograph_is_the_end_of_the_test_period():
    found = payload()["hydrograph"]
    basin = build_basin()
    closed = basin.simulation["streamflow"].sel(loop="closed")
    assert (found["start"], found["step"]) == ("2003-10-01", 1)
    assert len(found["mean"]) == len(found["observed"]) == 731 <= YEARS * 366
    assert found["mean"][-1] == pytest.approx(
        float(closed[:, -1].mean()), abs=6e-3 * float(closed[:, -1].mean()) + 5e-4
    )
    assert found["high"][-1] == pytest.approx(float(closed[:, -1].max()), rel=6e-3, abs=5e-4)
    assert found["precipitation"][100] == pytest.approx(float(basin.forcing["precipitation"][-631]), rel=6e-3, abs=0.05)


def test_hours_become_daily_rates():
    found = payload(step_days=1 / 24)["hydrograph"]
    forcing = build_basin(step_days=1 / 24).forcing.sel(time="2004-02-03")
    day = (np.datetime64("2004-02-03") - np.datetime64(found["start"])).astype(int)
    assert found["step"] == 1
    assert found["precipitation"][day] == pytest.approx(float(forcing["precipitation"].sum()), rel=6e-3, abs=0.05)
    assert found["observed"][day] == pytest.approx(float(forcing["streamflow"].sum()), rel=6e-3, abs=5e-4)


def test_missing_observations_stay_missing():
    basin = build_basin()
    missing = int(basin.forcing["streamflow"].sel(time=slice(*map(str, PERIODS.test))).isnull().sum())
    gap = xr.where(basin.forcing["time"].dt.strftime("%Y-%m-%d") == "2005-01-05", np.nan, basin.forcing["streamflow"])
    found = payload(change=lambda _: {"forcing": basin.forcing.assign(streamflow=gap)})["hydrograph"]
    assert found["observed"].count(None) == missing + 1


def test_laws_carry_equations_and_the_truth_only_where_they_are_known():
    found = {law["process"]: law for law in payload("virtual_b", virtual=True)["laws"]}
    assert set(found["infiltration"]["curves"][0]) == {
        "level", "store", "drive", "mean", "low", "high", "field", "mixed", "truth",
    }  # fmt: skip
    assert "truth" not in found["baseflow"]["curves"][0]
    assert "mixed" not in found["recharge"]["curves"][0]
    assert found["infiltration"]["x"] == "water at the surface [mm/d]"
    assert [curve["level"] for curve in found["infiltration"]["curves"]] == ["low", "median", "high"]


def test_pulses_are_averaged_over_wetness_by_their_number():
    basin = build_basin()
    count = basin.response["pulse_count"].copy(data=np.tile([1, 0, 3], (4, 1)))
    found = payload(change=lambda _: {"response": basin.response.assign(pulse_count=count)})["pulses"]
    pulse = basin.response["pulse"].sel(flux="streamflow").isel(intensity_bin=2, lag=0).mean("seed")
    expected = (float(pulse[0]) + 3 * float(pulse[2])) / 4
    assert found["fluxes"]["streamflow"][2]["mean"][0] == pytest.approx(expected, rel=6e-3, abs=5e-6)
    assert len(found["lag"]) <= LAGS
    assert (found["lag"][0], found["lag"][-1]) == (0, 179)


def test_erra_has_intervals_of_95_percent():
    found = payload()["erra"]["series"]["observed"][0]
    assert found["mean"][0] == pytest.approx(1 / 8)
    assert found["high"][0] - found["low"][0] == pytest.approx(2 * 1.96 * 0.01, abs=1e-3)


def test_what_a_basin_lacks_is_null_or_empty():
    found = payload(change=lambda basin: {"response": basin.response.drop_vars(["law", "erra"])})
    assert (found["laws"], found["erra"], found["place"], found["quarantine"]) == ([], None, None, None)


def test_a_place_needs_both_coordinates():
    forcing = build_basin().forcing.assign_attrs(longitude=7.5)
    assert payload(change=lambda _: {"forcing": forcing})["place"] == [7.5, 45.0]


def test_packing_is_lossless_and_repeatable():
    found = payload("virtual_b", virtual=True)
    assert pack(found) == pack(json.loads(json.dumps(found)))
    assert json.loads(gzip.decompress(base64.b64decode(pack(found)))) == found
