"""Rain events against a series worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus.precipitation.events import events


def series(mean, freq="h", **others):
    time = pd.date_range("2000-01-01", periods=len(mean), freq=freq)
    variables = {"mean": np.asarray(mean, float), **{name: np.asarray(v, float) for name, v in others.items()}}
    return xr.Dataset({name: ("time", v) for name, v in variables.items()}, {"time": time})


def test_events_by_hand():
    rain = [0] * 6 + [1, 3, 0.05, 0, 2] + [0] * 6 + [4] + [0] * 5 + [1] + [0] * 6
    cv = np.where(np.array(rain) >= 0.1, np.arange(len(rain)), np.nan)
    table = events(series(rain, cv=cv, wet_fraction=np.sign(rain)), 0.1)
    time = pd.date_range("2000-01-01", periods=len(rain), freq="h")
    assert table["start"].tolist() == [time[6], time[17]]
    assert table["end"].tolist() == [time[10], time[23]]
    assert table["duration"].tolist() == [5, 7]
    assert table["depth"].tolist() == pytest.approx([6.05, 5])
    assert table["peak"].tolist() == [3, 4]
    assert table["cv"].tolist() == pytest.approx([(6 + 3 * 7 + 2 * 10) / 6, (4 * 17 + 23) / 5])
    assert table["complete"].all()
    assert "delta1" not in table


def test_dry_time_of_just_the_separation_parts_events():
    rain = [1] + [0] * 5 + [1] + [0] * 6 + [1]
    assert len(events(series(rain), 0.1)) == 2
    assert len(events(series(rain), 0.1, pd.Timedelta(hours=5))) == 3
    assert len(events(series(rain), 0.1, pd.Timedelta(hours=7))) == 1


def test_a_dry_day_parts_daily_events_and_wet_days_in_a_row_are_one():
    table = events(series([0, 5, 2, 0, 1, 0], freq="D"), 0.1)
    assert table["depth"].tolist() == [7, 1]
    assert table["duration"].tolist() == [48, 24]


def test_missing_steps_part_events_and_mark_them():
    table = events(series([0] * 6 + [1, np.nan, 2] + [0] * 6 + [3]), 0.1)
    assert table["depth"].tolist() == [1, 2, 3]
    assert table["complete"].tolist() == [False, False, False]


def test_storm_velocity_along_the_flow():
    distance = np.where(np.arange(12) < 8, 10 + 2.0 * np.arange(12), np.nan)
    table = events(series([0, 0, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0], rain_distance=distance), 0.1)
    assert table["storm_velocity"].item() == pytest.approx(2)


def test_a_dry_record_has_an_empty_table_of_the_same_columns():
    dry, wet = (events(series(rain, cv=rain, rain_distance=rain), 0.1) for rain in ([0, 0, 0], [0, 1, 0]))
    assert len(dry) == 0
    assert list(dry.columns) == list(wet.columns)
