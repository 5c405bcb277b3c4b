"""Potential evapotranspiration through pyet, where the data bring none."""

import numpy as np
import pandas as pd
import pyet
import xarray as xr

from hydronexus.errors import VariableMissingError


def potential_evapotranspiration(data: xr.Dataset, step: float, basin: str) -> tuple[xr.DataArray, str]:
    """Hargreaves where minimum and maximum temperature are there, else Oudin from mean temperature.

    Both need no radiation or humidity, whose meaning differs between products (daylight or daily means, net or incoming), so
    all basins of a study can be treated alike. Sub-daily steps share a day's total in proportion to a sine over daylight.

    Parameters
    ----------
    data : xarray.Dataset
        Temperatures [degC]; attribute `latitude` [degrees].
    step : float
        Time step [d].

    Returns
    -------
    array : xarray.DataArray
        [mm per step]
    method : str

    Raises
    ------
    VariableMissingError
        No temperature, or no latitude.

    References
    ----------
    Hargreaves and Samani 1985; Oudin et al. 2005; Vremec et al. 2024 (pyet).
    """
    if "temperature" not in data or "latitude" not in data.attrs:
        absent = "temperature" if "temperature" not in data else "latitude"
        raise VariableMissingError(
            basin,
            f"potential_evapotranspiration is not in the data and cannot be computed without {absent}; map one of the two in "
            "`variables` or `attributes`",
        )
    latitude = float(np.deg2rad(data.attrs["latitude"]))
    table = data[[n for n in ("temperature", "temperature_min", "temperature_max") if n in data]].to_dataframe()
    daily = table[["temperature"]].resample("D").mean()
    ranged = "temperature_min" in table and "temperature_max" in table
    if ranged or step < 0.5:
        # Within a day, the range of hourly temperature is that of the day.
        daily["low"] = table["temperature_min" if ranged else "temperature"].resample("D").min()
        daily["high"] = table["temperature_max" if ranged else "temperature"].resample("D").max()
        total = pyet.hargreaves(daily["temperature"], tmax=daily["high"], tmin=daily["low"], lat=latitude)
        method = "Hargreaves and Samani 1985 through pyet, from minimum and maximum temperature"
    else:
        total = pyet.oudin(daily["temperature"], lat=latitude)
        method = "Oudin et al. 2005 through pyet, from mean temperature alone"
    total = total.clip(lower=0).fillna(0.0)
    if step < 1:
        values = _within_day(total, table.index, latitude)
        method += "; shared over the day by a sine over daylight"
    else:
        values = total.reindex(table.index).to_numpy() * step
    return xr.DataArray(values, dims="time", coords={"time": data["time"]}), method


def _within_day(total: pd.Series, times: pd.DatetimeIndex, latitude: float) -> np.ndarray:
    """A day's total shared over its steps, by the sine of the sun's way from sunrise to sunset around solar noon."""
    hours = np.asarray(pyet.daylight_hours(total.index, latitude)).ravel()
    day = times.normalize()
    length = pd.Series(hours, total.index).reindex(day).to_numpy()
    clock = (times - day) / pd.Timedelta(hours=1)
    sun = np.clip(np.cos(np.pi * (np.asarray(clock) + 0.5 - 12) / np.maximum(length, 1e-6)), 0, None)
    sun = np.where(np.abs(np.asarray(clock) + 0.5 - 12) < length / 2, sun, 0.0)
    share = pd.Series(sun, times)
    sums = share.groupby(day).transform("sum").to_numpy()
    even = share.groupby(day).transform("size").to_numpy()
    return total.reindex(day).to_numpy() * np.where(sums > 0, sun / np.maximum(sums, 1e-12), 1 / even)
