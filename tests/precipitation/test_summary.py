"""Rain-weighted summaries against hand-computed means."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus.precipitation.summary import averaged, spell_lengths, summary, weighted_mean


@pytest.fixture
def statistics():
    time = pd.to_datetime(["2000-01-05", "2000-01-06", "2000-07-01", "2000-07-02", "2000-07-03", "2000-10-01"])
    return xr.Dataset(
        {
            "mean": ("time", [1.0, 3.0, 2.0, 0.0, 6.0, np.nan]),
            "cv": ("time", [0.5, 1.5, np.nan, np.nan, 1.0, np.nan]),
        },
        {"time": time},
    )


def look_up(table, season, intensity, statistic="cv"):
    row = table.query("season == @season and intensity == @intensity and statistic == @statistic")
    assert len(row) == 1
    return row["value"].item(), row["steps"].item()


def test_seasons(statistics):
    table = summary(statistics)
    assert look_up(table, "all", "all") == pytest.approx(((0.5 + 4.5 + 6) / 10, 3))
    assert look_up(table, "DJF", "all") == pytest.approx((5 / 4, 2))
    assert look_up(table, "JJA", "all") == pytest.approx((1, 1))
    assert look_up(table, "all", "all", "mean") == pytest.approx(((1 + 9 + 4 + 36) / 12, 4))


def test_thirds_of_the_steps_with_rain(statistics):
    table = summary(statistics)
    assert look_up(table, "all", "lower third") == pytest.approx((0.5, 1))
    assert look_up(table, "all", "middle third", "mean") == (2, 1)
    assert look_up(table, "all", "upper third") == pytest.approx((10.5 / 9, 2))
    assert look_up(table, "DJF", "upper third") == pytest.approx((1.5, 1))


def test_given_bounds_belong_to_the_class_above(statistics):
    table = summary(statistics, bounds=(2, 5))
    assert look_up(table, "all", "below 2 mm", "mean") == (1, 1)
    assert look_up(table, "all", "2 to 5 mm", "mean") == pytest.approx((13 / 5, 2))
    assert look_up(table, "all", "5 mm and more", "mean") == (6, 1)


def test_nothing_to_average_is_nan_and_counted(statistics):
    value, steps = look_up(summary(statistics), "SON", "all")
    assert np.isnan(value)
    assert steps == 0
    never = summary(statistics.where(False))
    assert (never["steps"] == 0).all()
    assert never["value"].isna().all()


def test_classes_add_up(statistics):
    table = summary(statistics)
    whole = table.query("season == 'all' and intensity == 'all'")["steps"].to_numpy()
    for kind in ("season", "intensity"):
        other = "intensity" if kind == "season" else "season"
        parts = table[(table[kind] != "all") & (table[other] == "all")].groupby("statistic", sort=False)["steps"].sum()
        np.testing.assert_array_equal(parts, whole)


def test_weighted_mean():
    assert weighted_mean(np.array([1.0, 3.0, np.nan]), np.array([1.0, 3.0, 9.0])) == 2.5
    assert np.isnan(weighted_mean(np.array([1.0]), np.array([0.0])))


def test_spells_are_those_that_nothing_cuts_short():
    rain = [5.0, 0.0, 0.0, 2.0, 3.0, 4.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, np.nan, 0.0]
    time = pd.date_range("2000-01-01", periods=len(rain), freq="12h")
    table = spell_lengths(xr.Dataset({"mean": ("time", rain)}, {"time": time}), 1.0)
    assert look_up(table, "all", "all", "wet_spell_mean") == pytest.approx(((3 + 1) / 2 / 2, 2))
    assert look_up(table, "all", "all", "wet_spell_longest") == (1.5, 2)
    assert look_up(table, "all", "all", "dry_spell_mean") == pytest.approx(((2 + 1 + 4) / 3 / 2, 3))
    assert look_up(table, "all", "all", "dry_spell_longest") == (2.0, 3)


def test_days_are_means_of_their_hours_weighted_by_rain():
    time = pd.date_range("2000-01-01", periods=6, freq="8h")
    statistics = xr.Dataset(
        {
            "mean": ("time", [1.0, 3.0, 0.0, 2.0, np.nan, 0.0]),
            "cv": ("time", [0.5, 1.5, np.nan, 0.7, np.nan, np.nan], {"units": "1"}),
            "wet_fraction": ("time", [0.2, 0.4, 0.0, 0.3, np.nan, 0.0]),
        },
        {"time": time},
    )
    found = averaged(statistics, "1D")
    assert found["mean"].values[0] == 4
    assert np.isnan(found["mean"].values[1])  # a part of the day is missing
    np.testing.assert_allclose(found["cv"], [(0.5 + 4.5) / 4, 0.7])
    np.testing.assert_allclose(found["wet_fraction"], [0.2, 0.15])
    assert found["cv"].attrs["units"] == "1"
    assert averaged(statistics.isel(time=slice(1, None)), "1D").sizes["time"] == 1  # the first day is not whole
