"""Mass closure read from a declared ledger."""

import json

import numpy as np
import pytest
import xarray as xr

from hydronexus.evaluation.closure import closure
from tests.builders import LEDGER, build_basin


def lookup(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    return table["closure_percent"].item()


def test_a_model_whose_balance_is_exact_closes_to_the_rounding_of_its_store():
    basin = build_basin()
    table = closure(basin.forcing["precipitation"], basin.simulation)
    assert set(table["store"]) == set(LEDGER)
    assert set(table["loop"]) == {"open", "closed"}
    assert table["closure_percent"].max() < 1e-3


def test_a_leak_of_one_percent_of_rain_is_one_percent_at_every_horizon():
    basin = build_basin()
    rain = float(basin.forcing["precipitation"].mean())
    leaking = basin.simulation.astype(float)
    leaking["soil"] = leaking["soil"] + 0.01 * rain * np.arange(leaking.sizes["time"])
    table = closure(basin.forcing["precipitation"], leaking)
    for days in (1, 30, 365):
        assert lookup(table, loop="closed", store="soil", horizon_days=days) == pytest.approx(1, rel=1e-3)
        assert lookup(table, loop="closed", store="ground", horizon_days=days) < 1e-3


def test_errors_of_alternating_sign_vanish_over_longer_horizons():
    basin = build_basin()
    jitter = basin.simulation.astype(float)
    jitter["soil"] = jitter["soil"] + 0.1 * (np.arange(jitter.sizes["time"]) % 2)
    table = closure(basin.forcing["precipitation"], jitter)
    daily, monthly = (lookup(table, loop="open", store="soil", horizon_days=days) for days in (1, 30))
    assert daily > 1
    assert monthly < daily / 100


def test_the_worst_member_counts_and_members_of_opposite_error_do_not_cancel():
    basin = build_basin()
    drift = np.arange(basin.simulation.sizes["time"]) * 0.01
    sides = xr.DataArray([1.0, -1.0, 0.0], dims="seed")
    leaking = basin.simulation.astype(float)
    leaking["soil"] = (leaking["soil"] + sides * xr.DataArray(drift, dims="time")).transpose("seed", "loop", "time")
    rain = float(basin.forcing["precipitation"].mean())
    table = closure(basin.forcing["precipitation"], leaking)
    assert lookup(table, loop="open", store="soil", horizon_days=30) == pytest.approx(100 * 0.01 / rain, rel=1e-3)


def test_horizons_are_days_also_in_hourly_records():
    basin = build_basin("hourly_c", step_days=1 / 24)
    rain = float(basin.forcing["precipitation"].mean())
    leaking = basin.simulation.astype(float)
    leaking["ground"] = leaking["ground"] + 0.02 * rain * np.arange(leaking.sizes["time"])
    table = closure(basin.forcing["precipitation"], leaking)
    assert lookup(table, loop="open", store="ground", horizon_days=30) == pytest.approx(2, rel=1e-2)


def test_a_horizon_longer_than_the_record_has_no_error():
    basin = build_basin()
    short = basin.simulation.isel(time=slice(100))
    table = closure(basin.forcing["precipitation"][:100], short)
    assert np.isnan(lookup(table, loop="open", store="soil", horizon_days=365))
    assert np.isfinite(lookup(table, loop="open", store="soil", horizon_days=30))


def test_stores_are_those_of_the_declaration_whatever_their_names():
    time = np.arange("2001-01-01", "2001-03-01", dtype="datetime64[D]").astype("datetime64[ns]")
    ones = xr.DataArray(np.ones((1, 2, len(time))), dims=("seed", "loop", "time"))
    simulation = xr.Dataset(
        {"glacier": ones.cumsum("time"), "accumulation": 3 * ones, "calving": 2 * ones},
        coords={"loop": ["open", "closed"], "time": time},
        attrs={
            "time_step_days": 1.0,
            "ledger": json.dumps({"glacier": {"inflows": ["accumulation"], "outflows": ["calving"]}}),
        },
    )
    table = closure(xr.DataArray(np.full(len(time), 3.0), dims="time"), simulation)
    assert set(table["store"]) == {"glacier"}
    assert table["closure_percent"].max() == pytest.approx(0, abs=1e-12)
