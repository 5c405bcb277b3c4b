"""Daylight and whole-day means of radiation."""

import numpy as np
import pandas as pd
import pyet
import xarray as xr

from hydronexus.forcing.radiation import WATT, whole_day

TIME = pd.date_range("2001-01-01", "2001-12-31")
LATITUDE = 45.0


def record(values) -> xr.Dataset:
    return xr.Dataset({"shortwave_radiation": ("time", values)}, {"time": TIME}, {"latitude": LATITUDE})


def clear_sky() -> np.ndarray:
    return 0.7 * np.asarray(pyet.extraterrestrial_r(TIME, np.deg2rad(LATITUDE))).ravel() * WATT


def test_a_mean_over_daylight_becomes_a_mean_over_the_day():
    hours = np.asarray(pyet.daylight_hours(TIME, np.deg2rad(LATITUDE))).ravel()
    notes = []
    data = whole_day(record(clear_sky() * 24 / hours), 1.0, notes)
    np.testing.assert_allclose(data["shortwave_radiation"], clear_sky(), rtol=1e-9)
    assert "mean over daylight" in notes[0]


def test_a_mean_over_the_day_stays():
    notes = []
    data = whole_day(record(clear_sky()), 1.0, notes)
    np.testing.assert_array_equal(data["shortwave_radiation"], clear_sky())
    assert notes == []
