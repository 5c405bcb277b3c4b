"""Potential evapotranspiration."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus.errors import VariableMissingError
from hydronexus.forcing.pet import potential_evapotranspiration, share_of_day

LATITUDE = 45.0


def record(temperature, freq="D", start="2001-07-01", **extra) -> xr.Dataset:
    time = pd.date_range(start, periods=len(temperature), freq=freq)
    columns = {"temperature": temperature} | extra
    arrays = {name: ("time", np.asarray(values, dtype=float)) for name, values in columns.items()}
    return xr.Dataset(arrays, {"time": time}, {"latitude": LATITUDE, "files": "a.csv"})


def test_hargreaves_follows_its_equation_where_the_range_is_known():
    data = record([20.0] * 3, temperature_min=[14.0] * 3, temperature_max=[26.0] * 3)
    values, method = potential_evapotranspiration(data, 1.0, "b")
    # FAO-56, 1 July at 45 degrees north: 41.6 MJ m-2 d-1 above the atmosphere, 2.45 MJ per kg of vapour.
    assert values[0] == pytest.approx(0.0023 * (20 + 17.8) * 12**0.5 * 41.6 / 2.45, rel=0.02)
    assert method.startswith("Hargreaves")


def test_oudin_follows_its_equation_where_only_the_mean_is_known():
    values, method = potential_evapotranspiration(record([20.0] * 3), 1.0, "b")
    assert values[0] == pytest.approx(41.6 / 2.45 * 25 / 100, rel=0.02)
    assert method.startswith("Oudin")


def test_it_is_never_negative():
    values, _ = potential_evapotranspiration(record([-40.0, -10.0, 5.0], start="2001-01-01"), 1.0, "b")
    assert (values >= 0).all()


def test_hourly_values_sum_to_the_daily_total_and_peak_at_noon():
    hours = np.arange(72)
    temperature = 15 + 6 * np.sin(2 * np.pi * (hours % 24 - 9) / 24)
    values, method = potential_evapotranspiration(record(temperature, "h"), 1 / 24, "b")
    daily = record([15.0] * 3, temperature_min=[9.0] * 3, temperature_max=[21.0] * 3)
    total, _ = potential_evapotranspiration(daily, 1.0, "b")
    np.testing.assert_allclose(values.values.reshape(3, 24).sum(1), total, rtol=1e-6)
    assert set(values.values.reshape(3, 24).argmax(1)) <= {11, 12}
    assert "sun" in method


def test_a_day_that_the_record_covers_in_part_gets_its_part():
    whole, _ = potential_evapotranspiration(record([15.0] * 24, "12h"), 0.5, "b")
    part, _ = potential_evapotranspiration(record([15.0] * 23, "12h", start="2001-07-01 12:00"), 0.5, "b")
    assert part[0] == pytest.approx(float(whole[1]))


@pytest.mark.parametrize("latitude", [-70, -30, 0, 50, 70, 89])
@pytest.mark.parametrize("day", ["2001-01-01", "2001-06-21"])
def test_shares_of_a_day_sum_to_one_everywhere(latitude, day):
    times = pd.date_range(day, periods=8, freq="3h")
    shares = share_of_day(times, 1 / 8, np.deg2rad(latitude))
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()


def test_steps_of_a_week_hold_seven_days():
    week, _ = potential_evapotranspiration(record([15.0] * 3, "7D"), 7.0, "b")
    day, _ = potential_evapotranspiration(record([15.0] * 3), 1.0, "b")
    assert week[0] == pytest.approx(7 * float(day[0]))


def test_without_temperature_the_error_says_what_to_map():
    data = record([15.0] * 3).rename(temperature="something")
    with pytest.raises(VariableMissingError, match=r"map one of them in `variables`"):
        potential_evapotranspiration(data, 1.0, "b")


def test_without_latitude_the_error_asks_for_attributes():
    data = record([15.0] * 3)
    del data.attrs["latitude"]
    with pytest.raises(VariableMissingError, match=r"latitude.*`attributes`"):
        potential_evapotranspiration(data, 1.0, "b")
