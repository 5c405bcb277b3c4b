"""Which steps of a record a figure shows."""

import numpy as np
import xarray as xr

from hydronexus.config import Periods

YEAR = 365  # days


def test_steps(data: xr.Dataset, periods: Periods) -> xr.Dataset:
    """The steps of the test period, both days included."""
    return data.sel(time=slice(*map(str, periods.test)))


def typical_year(forcing: xr.Dataset, periods: Periods) -> slice:
    """Dates of the test year (365 days from the period's first day on) of median precipitation.

    Years with less than half of the observed streamflow of the fullest one are passed over; a shorter period
    is taken whole.
    """
    test = test_steps(forcing, periods)
    length = round(YEAR / forcing.attrs["time_step_days"])
    count = max(1, test.sizes["time"] // length)
    years = [test.isel(time=slice(i * length, (i + 1) * length)) for i in range(count)]
    observed = np.array([int(year["streamflow"].notnull().sum()) for year in years])
    rain = np.array([float(year["precipitation"].sum()) for year in years])
    usable = np.flatnonzero(observed >= 0.5 * observed.max())
    chosen = years[usable[np.argsort(rain[usable])[len(usable) // 2]]]["time"].values
    return slice(chosen[0], chosen[-1])


def day(time: np.datetime64) -> str:
    """A date as text, without its hours."""
    return str(time.astype("datetime64[D]"))
