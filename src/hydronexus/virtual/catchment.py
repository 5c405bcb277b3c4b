"""A virtual catchment: many cells with known field laws under spatially variable rain, and its exact truth.

Every cell holds a canopy, a soil and a ground store; all drain to one channel. Infiltration is min(water, f) with
the same capacity f everywhere, so that under gamma-distributed rain the catchment-scale law is known (oracle O3).
"""

import json

import numba
import numpy as np
import xarray as xr

from hydronexus.config import Virtual
from hydronexus.virtual.upscaling import excess_gamma_rain

CANOPY_CAPACITY = 1.5  # mm
FIELD_CAPACITY = 120.0  # mm, evapotranspiration falls below it in proportion to soil water
RECHARGE = (1.0, 3.0)  # mm/d at 100 mm of soil water, exponent
INTERFLOW = (0.6, 5.0)  # mm/d at 100 mm of soil water, exponent
GROUND_DAYS = 60.0
CHANNEL_DAYS = 1.5

FLUXES = (
    "rain", "throughfall", "canopy_evaporation", "infiltration", "surface_runoff", "soil_evapotranspiration",
    "recharge", "interflow", "baseflow", "streamflow",
)  # fmt: skip
STORES = ("canopy", "soil", "ground", "channel")
INITIAL = (0.0, 90.0, 40.0, 2.0)  # mm


@numba.njit(cache=True)
def _step(rain, demand, capacity, state, fluxes):
    """Advance all cells by a day in place; catchment means of the fluxes go to `fluxes`.

    `state` has shape (4, cell); the channel is kept the same in every cell because it is one river.
    """
    cells = rain.shape[0]
    fluxes[:] = 0.0
    for i in range(cells):
        canopy = state[0, i] + rain[i]
        through = max(canopy - CANOPY_CAPACITY, 0.0)
        canopy -= through
        wet = min(canopy, demand)
        canopy -= wet
        enter = min(through, capacity)
        soil = state[1, i] + enter
        use = min((demand - wet) * min(soil / FIELD_CAPACITY, 1.0), soil)
        soil -= use
        down = min(RECHARGE[0] * (soil / 100.0) ** RECHARGE[1], 0.5 * soil)
        sideways = min(INTERFLOW[0] * (soil / 100.0) ** INTERFLOW[1], 0.4 * soil)
        soil -= down + sideways
        ground = state[2, i] + down
        base = ground * (1.0 - np.exp(-1.0 / GROUND_DAYS))
        state[0, i] = canopy
        state[1, i] = soil
        state[2, i] = ground - base
        fluxes[0] += rain[i]
        fluxes[1] += through
        fluxes[2] += wet
        fluxes[3] += enter
        fluxes[4] += through - enter
        fluxes[5] += use
        fluxes[6] += down
        fluxes[7] += sideways
        fluxes[8] += base
    fluxes /= cells
    channel = state[3, 0] + fluxes[4] + fluxes[7] + fluxes[8]
    fluxes[9] = channel * (1.0 - np.exp(-1.0 / CHANNEL_DAYS))
    state[3, :] = channel - fluxes[9]


@numba.njit(cache=True)
def _run(rain, demand, capacity, state, fluxes, means):
    for t in range(rain.shape[0]):
        _step(rain[t], demand[t], capacity, state, fluxes[t])
        for k in range(4):
            means[t, k] = state[k].mean()


@numba.njit(cache=True)
def _states_at(rain, demand, capacity, state, days, kept):
    """States of all cells before each of some ascending days."""
    fluxes = np.zeros(10)
    found = 0
    for t in range(rain.shape[0]):
        while found < days.shape[0] and days[found] == t:
            kept[found] = state
            found += 1
        if found == days.shape[0]:
            return
        _step(rain[t], demand[t], capacity, state, fluxes)


def weather(settings: Virtual) -> tuple[np.ndarray, np.ndarray]:
    """Rain of every cell and potential evapotranspiration.

    Wet days come and go as a two-state chain with a wetter winter, with gamma-distributed amounts; over the cells a
    day's rain is gamma distributed around its mean with the wanted coefficient of variation and wetted fraction.

    Returns
    -------
    rain : numpy.ndarray
        Shape (time, cell) [mm d-1].
    demand : numpy.ndarray
        Shape (time,) [mm d-1].
    """
    rng = np.random.default_rng(settings.seed)
    days = len(_time(settings))
    season = np.cos(2 * np.pi * (np.arange(days) - 20) / 365.25)
    draws = rng.random(days)
    wet = np.zeros(days, bool)
    for t in range(days):
        chance = (0.68 if t and wet[t - 1] else 0.4) + 0.08 * season[t]
        wet[t] = draws[t] < chance
    amounts = np.where(wet, rng.gamma(0.8, 1.0, days), 0.0)
    amounts *= settings.mean_rain / amounts.mean()
    demand = np.maximum(2.6 - 2.1 * season + 0.5 * rng.standard_normal(days), 0.05)
    return amounts[:, None] * _pattern(settings, days, rng), demand


def _pattern(settings: Virtual, days: int, rng: np.random.Generator) -> np.ndarray:
    """Share of the mean rain that falls on each cell, of mean one on every day, shape (time, cell)."""
    wetted = max(1, round(settings.wet_fraction * settings.cells))
    pattern = np.zeros((days, settings.cells))
    if settings.rain_cv == 0:
        pattern[:, :wetted] = 1.0
    else:
        shape = settings.rain_cv**-2
        pattern[:, :wetted] = rng.gamma(shape, 1 / shape, (days, wetted)) + 1e-12
    if wetted < settings.cells:
        pattern = rng.permuted(pattern, axis=1)
    return pattern / pattern.mean(1, keepdims=True)


def simulate(settings: Virtual) -> xr.Dataset:
    """Run the catchment.

    Parameters
    ----------
    settings : config.Virtual

    Returns
    -------
    xarray.Dataset
        Dim time: precipitation, potential_evapotranspiration and streamflow [mm per day], and the catchment means of
        every flux and store as `true_*` [mm].
    """
    rain, demand = weather(settings)
    fluxes, means = np.zeros((len(rain), 10)), np.zeros((len(rain), 4))
    _run(rain, demand, settings.infiltration_capacity, _initial(settings), fluxes, means)
    arrays = {"precipitation": rain.mean(1), "potential_evapotranspiration": demand, "streamflow": fluxes[:, 9]}
    arrays |= {f"true_{name}": fluxes[:, i] for i, name in enumerate(FLUXES[:-1])}
    arrays |= {f"true_{name}": means[:, i] for i, name in enumerate(STORES)}
    return xr.Dataset(
        {
            name: ("time", values, {"units": "mm", "long_name": name.replace("_", " ")})
            for name, values in arrays.items()
        },
        coords={"time": _time(settings)},
        attrs={
            "source": "virtual catchment",
            "licence": "MIT",
            "area_km2": 100.0,
            "latitude": 45.0,
            "time_step_days": 1.0,
            "virtual": json.dumps(settings.model_dump(mode="json")),
        },
    )


def pulse_removal(settings: Virtual, days: np.ndarray, lag: int) -> xr.Dataset:
    """True response to each of some days' rain: the simulation less the same without that day's rain.

    Parameters
    ----------
    days : numpy.ndarray
        Ascending time indices, at least `lag` before the end of the record.
    lag : int
        Days a pulse is followed.

    Returns
    -------
    xarray.Dataset
        One variable per flux and `residual_storage`, dims (pulse, lag) [mm]; `removed` (pulse) [mm].
    """
    rain, demand = weather(settings)
    kept = np.zeros((len(days), 4, settings.cells))
    _states_at(rain, demand, settings.infiltration_capacity, _initial(settings), np.asarray(days), kept)
    differences = np.zeros((len(days), lag, 10))
    storage = np.zeros((len(days), lag))
    for i, day in enumerate(days):
        pair = []
        for removed in (False, True):
            window = rain[day : day + lag].copy()
            if removed:
                window[0] = 0.0
            fluxes, means = np.zeros((lag, 10)), np.zeros((lag, 4))
            _run(window, demand[day : day + lag], settings.infiltration_capacity, kept[i].copy(), fluxes, means)
            pair.append((fluxes, means.sum(1)))
        differences[i] = pair[0][0] - pair[1][0]
        storage[i] = pair[0][1] - pair[1][1]
    arrays = {name: (("pulse", "lag"), differences[..., k]) for k, name in enumerate(FLUXES)}
    arrays["residual_storage"] = (("pulse", "lag"), storage)
    arrays["removed"] = (("pulse",), rain[days].mean(1))
    return xr.Dataset(arrays, coords={"pulse": days, "lag": np.arange(lag, dtype=float)})


def law(settings: Virtual, process: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """True catchment-scale law where it is known in closed form, else NaN.

    Infiltration follows oracle O3 in the water at the surface, for rain that wets every cell. The canopy's share is
    taken off each cell before, which the closed form leaves out, so it holds for intensities well above the canopy's
    capacity.

    Parameters
    ----------
    process : str
        Such as ``infiltration``.
    x : numpy.ndarray
        Intensity [mm d-1].
    y : numpy.ndarray
        Store [mm].

    Returns
    -------
    numpy.ndarray
        [mm d-1], shape of `x`.
    """
    if process != "infiltration":
        return np.full(np.shape(x), np.nan)
    mu = settings.wet_fraction
    wet = np.asarray(x) / mu
    return mu * (wet - excess_gamma_rain(wet, settings.infiltration_capacity, settings.rain_cv))


def _time(settings: Virtual) -> np.ndarray:
    start = np.datetime64(settings.start, "D")
    end = np.datetime64(settings.start.replace(year=settings.start.year + settings.years), "D")
    return np.arange(start, end).astype("datetime64[ns]")


def _initial(settings: Virtual) -> np.ndarray:
    return np.repeat(np.array(INITIAL)[:, None], settings.cells, 1)
