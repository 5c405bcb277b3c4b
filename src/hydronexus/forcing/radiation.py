"""Shortwave radiation as a mean over the whole day, whichever way a product averages it."""

import numpy as np
import pyet
import xarray as xr

WATT = 1e6 / 86400  # W m-2 in a MJ m-2 d-1
IMPOSSIBLE_SHARE = 0.1


def whole_day(data: xr.Dataset, step_days: float, notes: list[str]) -> xr.Dataset:
    """Turn daily shortwave radiation that is averaged over daylight only into a mean over 24 hours.

    Daymet and the CAMELS-US products give daylight means without saying so; on clear days these exceed what
    reaches the top of the atmosphere in 24 hours, which no 24-hour mean does. More than one day in ten above
    it tells the two apart.

    Parameters
    ----------
    data : xarray.Dataset
        With `shortwave_radiation` [W m-2] and attribute `latitude` [degrees]; otherwise, or if not daily, it
        comes back as it is.
    """
    if "shortwave_radiation" not in data or "latitude" not in data.attrs or step_days != 1:
        return data
    latitude = float(np.deg2rad(data.attrs["latitude"]))
    time = data.indexes["time"]
    top = np.asarray(pyet.extraterrestrial_r(time, latitude)).ravel() * WATT
    radiation = data["shortwave_radiation"]
    impossible = int((radiation.values > top).sum())
    if impossible <= IMPOSSIBLE_SHARE * time.size:
        return data
    hours = np.asarray(pyet.daylight_hours(time, latitude)).ravel()
    notes.append(
        f"shortwave_radiation exceeds that above the atmosphere on {impossible} of {time.size} days: "
        f"taken as a mean over "
        "daylight and converted to a mean over 24 hours"
    )
    return data.assign(shortwave_radiation=radiation.copy(data=radiation.values * hours / 24))
