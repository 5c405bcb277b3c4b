"""How unlike rain is at every step, and steps that are alike but for it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus import archive
from hydronexus.precipitation.unlikeness import matched_cells, matched_thirds, shuffled, spatial_cv

YEARS = 6


@pytest.fixture
def rain():
    time = pd.date_range("2001-01-01", periods=365 * YEARS)
    rng = np.random.default_rng(0)
    depth = rng.gamma(0.6, 12.0, len(time)) * (rng.random(len(time)) < 0.5)
    return xr.DataArray(depth, {"time": time}, ("time",), attrs={"units": "mm"})


@pytest.fixture
def cv(rain):
    """More uneven where rain is light and in summer, as it is."""
    rng = np.random.default_rng(1)
    summer = rain["time"].dt.month.isin([6, 7, 8])
    return (np.exp(0.3 * rng.standard_normal(rain.size)) * (1 + summer) / (1 + rain / 20)).where(rain >= 1)


def forcing_of(rain, **variables):
    return xr.Dataset({"precipitation": rain, **variables}, attrs={"time_step_days": 1.0})


def test_the_dataset_s_own_standard_deviation_counts(rain, tmp_path):
    found = spatial_cv(forcing_of(rain, precipitation_stdev=0.4 * rain), tmp_path / "none.zarr.zip")
    assert found.notnull().values.tolist() == (rain >= 1).values.tolist()
    np.testing.assert_allclose(found.dropna("time"), 0.4)


def test_nothing_known_is_none(rain, tmp_path):
    assert spatial_cv(forcing_of(rain), tmp_path / "none.zarr.zip") is None


@pytest.mark.parametrize("hour", [0, 12])
def test_a_grid_s_daily_statistics_are_laid_on_the_forcing(rain, cv, tmp_path, hour):
    time = rain["time"][10:-10].values + np.timedelta64(hour, "h")
    part = {"mean": ("time", rain.values[10:-10]), "cv": ("time", cv.values[10:-10])}
    store = tmp_path / "a.zarr.zip"
    archive.write(xr.Dataset(part, {"time": time}, {"time_step_days": 1.0}), store)
    found = spatial_cv(forcing_of(rain), store)
    np.testing.assert_allclose(found.values[10:-10], cv.values[10:-10])
    assert found[:10].isnull().all()


def test_hourly_statistics_are_averaged_by_rain(tmp_path):
    hours = pd.date_range("2001-01-01", periods=48, freq="h")
    depth, cv = np.zeros(48), np.full(48, np.nan)
    depth[[3, 4]], cv[[3, 4]] = [1.0, 3.0], [2.0, 1.0]
    store = tmp_path / "a.zarr.zip"
    statistics = xr.Dataset({"mean": ("time", depth), "cv": ("time", cv)}, {"time": hours}, {"time_step_days": 1 / 24})
    archive.write(statistics, store)
    rain = xr.DataArray([4.0, 0.0], {"time": hours[::24]}, ("time",))
    found = spatial_cv(forcing_of(rain), store)
    assert found.values[0] == pytest.approx((1 * 2 + 3 * 1) / 4)
    assert np.isnan(found.values[1])


def test_thirds_have_like_depth_and_season_but_another_cv(rain, cv):
    thirds = matched_thirds(rain, cv)
    even, uneven = thirds == 0, thirds == 2
    assert (thirds >= 0).sum() == int(cv.notnull().sum())
    assert float(rain[uneven].mean()) == pytest.approx(float(rain[even].mean()), rel=0.02)
    assert np.mean(rain["time"].dt.month.values[uneven]) == pytest.approx(
        np.mean(rain["time"].dt.month.values[even]), abs=0.3
    )
    assert float(cv[uneven].mean()) > 1.5 * float(cv[even].mean())


def test_the_placebo_keeps_what_depth_and_season_say_and_nothing_else(rain, cv):
    placebo = shuffled(rain, cv, 7)
    for cell in matched_cells(rain, cv):
        np.testing.assert_array_equal(np.sort(placebo.values[cell]), np.sort(cv.values[cell]))
        assert len(np.unique(rain["time"].dt.season.values[cell])) == 1
    assert (placebo.isnull() == cv.isnull()).all()
    known = cv.notnull().values
    within = np.concatenate([cv.values[c] - cv.values[c].mean() for c in matched_cells(rain, cv)])
    other = np.concatenate([placebo.values[c] - placebo.values[c].mean() for c in matched_cells(rain, cv)])
    assert abs(np.corrcoef(within, other)[0, 1]) < 3 / np.sqrt(known.sum())
    xr.testing.assert_identical(placebo, shuffled(rain, cv, 7))
