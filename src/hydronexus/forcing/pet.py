"""Potential evapotranspiration through pyet, where the data bring none."""

import numpy as np
import pandas as pd
import pyet
import xarray as xr

from hydronexus.errors import VariableMissingError


def potential_evapotranspiration(data: xr.Dataset, step_days: float, basin: str) -> tuple[xr.DataArray, str]:
    """Hargreaves where the daily range of temperature is known, else Oudin from mean temperature.

    Both need no radiation or humidity, whose meaning differs between products (daylight or daily means, net
    or incoming), so all basins of a study are treated alike. Steps below a day share the day's total in
    proportion to the sun's height at their time of day, with the time stamps taken as local and as the
    beginning of a step; for data in another clock, give the data's own.

    Parameters
    ----------
    data : xarray.Dataset
        Temperatures [degC] without gaps; attribute `latitude` [degrees].
    step_days : float
        Time step [d].
    basin : str
        For the error.

    Returns
    -------
    array : xarray.DataArray
        [mm per step], not negative.
    method : str
        What was computed, and why.

    Raises
    ------
    VariableMissingError
        No temperature, or no latitude.

    References
    ----------
    Hargreaves and Samani (1982); Oudin et al. (2005); Vremec et al. (2024) for pyet.
    """
    if "temperature" not in data:
        raise VariableMissingError(
            basin,
            f"neither potential_evapotranspiration nor a temperature to compute it from is in "
            f"{data.attrs['files']}; "
            "map one of them in `variables`",
        )
    if "latitude" not in data.attrs:
        raise VariableMissingError(
            basin,
            f"potential_evapotranspiration is not in {data.attrs['files']} and needs the latitude to be "
            f"computed; give a CSV "
            "with the columns basin, area_km2, latitude as `attributes`",
        )
    latitude = float(np.deg2rad(data.attrs["latitude"]))
    table = data[[n for n in ("temperature", "temperature_min", "temperature_max") if n in data]].to_dataframe()
    ranged = "temperature_min" in table and "temperature_max" in table
    if step_days < 1:
        low, high = ("temperature_min", "temperature_max") if ranged else ("temperature", "temperature")
        daily = table.resample("D")
        mean, low, high = daily["temperature"].mean(), daily[low].min(), daily[high].max()
        ranged = ranged or step_days <= 0.25  # a few values a day miss the range
    else:
        mean = table["temperature"]
        low, high = (table["temperature_min"], table["temperature_max"]) if ranged else (mean, mean)
    if ranged:
        total = pyet.hargreaves(mean, tmax=high, tmin=low, lat=latitude)
        method = "Hargreaves (pyet), because minimum and maximum temperature are known"
    else:
        total = pyet.oudin(mean, lat=latitude)
        method = "Oudin (pyet), because only mean temperature is known"
    total = total.clip(lower=0)
    if step_days < 1:
        values = total.reindex(table.index.normalize()).to_numpy() * share_of_day(table.index, step_days, latitude)
        method += "; shared over the day by the sun's height"
    else:
        values = total.to_numpy() * step_days
    return xr.DataArray(values, dims="time", coords={"time": data["time"]}), method


def share_of_day(times: pd.DatetimeIndex, step_days: float, latitude: float) -> np.ndarray:
    """Part of a day's sun that falls on each step.

    Parameters
    ----------
    times : DatetimeIndex
        Beginning of each step, local solar time.
    step_days : float
        Below 1 [d].
    latitude : float
        [rad]

    Returns
    -------
    ndarray
        [-], sums to one over the steps of a day; even where the sun does not rise.
    """
    half = np.asarray(pyet.daylight_hours(times, latitude)).ravel() * np.pi / 24  # hour angle of sunset
    clock = np.asarray((times - times.normalize()) / pd.Timedelta(days=1))

    def sun_until(day_part: np.ndarray) -> np.ndarray:
        # The sun's height goes as cos(angle) - cos(half) between sunrise and sunset; this is its integral.
        angle = np.clip((day_part - 0.5) * 2 * np.pi, -half, half)
        return np.sin(angle) + np.sin(half) - (angle + half) * np.cos(half)

    whole = sun_until(np.ones_like(clock))
    part = sun_until(np.minimum(clock + step_days, 1.0)) - sun_until(clock)
    return np.where(whole > 1e-9, part / np.maximum(whole, 1e-9), step_days)
