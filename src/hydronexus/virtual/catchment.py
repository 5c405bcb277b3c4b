"""A virtual catchment: many cells with known field laws under spatially variable rain, and its exact truth.

Every cell holds a canopy, a soil and a ground store, and a snow store where wanted; all drain to one channel.
Infiltration is min(water, f). Rain is gamma distributed over the cells, and the capacity f is the same everywhere or
gamma distributed too, so that the catchment-scale law is known (oracles O3, O5, O7).
"""

import json
from dataclasses import dataclass

import numba
import numpy as np
import xarray as xr
from scipy.signal import lfilter
from scipy.special import gammaincinv, ndtr

from hydronexus.config import Virtual
from hydronexus.fieldscale.mixing import PointRain, averaged

CANOPY_CAPACITY = 1.5  # mm
DEFICIT = 1.3  # mm d-1, room in the canopy when rain begins, over the long run
FIELD_CAPACITY = 120.0  # mm, evapotranspiration falls below it in proportion to soil water
RECHARGE = (1.0, 3.0)  # mm/d at 100 mm of soil water, exponent
INTERFLOW = (0.6, 5.0)  # mm/d at 100 mm of soil water, exponent
GROUND_DAYS = 60.0
CHANNEL_DAYS = 1.5
MELT = 3.0  # mm/d and degree above 0 degC
SNOWFALL = (1.0, -1.0)  # degC, all rain above, all snow below, linear between
TEMPERATURE = (5.0, 12.0, 4.0, 0.8)  # degC: mean, half of the yearly range, spread and day-to-day memory of the weather
MEAN_DEMAND = 2.6  # mm/d, of the demand below before it is scaled

FLUXES = (
    "rain", "throughfall", "canopy_evaporation", "infiltration", "surface_runoff", "soil_evapotranspiration",
    "recharge", "interflow", "baseflow", "streamflow", "snowfall", "melt",
)  # fmt: skip
STORES = ("canopy", "soil", "ground", "channel", "snow")
INITIAL = (0.0, 90.0, 40.0, 2.0, 0.0)  # mm
SNOW = ("snowfall", "melt", "snow")  # fluxes and stores of catchments with snow only


@numba.njit(cache=True)
def _step(precipitation, demand, share, melting, capacity, state, fluxes):
    """Advance all cells by a day in place; catchment means of the fluxes go to `fluxes`.

    `state` has shape (5, cell); the channel is kept the same in every cell because it is one river. `share` of the
    precipitation falls as snow, and `melting` [mm] melts where there is as much.
    """
    cells = precipitation.shape[0]
    fluxes[:] = 0.0
    for i in range(cells):
        snowfall = share * precipitation[i]
        rain = precipitation[i] - snowfall
        snow = state[4, i] + snowfall
        melt = min(snow, melting)
        state[4, i] = snow - melt
        canopy = state[0, i] + rain
        through = max(canopy - CANOPY_CAPACITY, 0.0)
        canopy -= through
        wet = min(canopy, demand)
        canopy -= wet
        water = through + melt
        enter = min(water, capacity[i])
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
        fluxes[0] += rain
        fluxes[1] += through
        fluxes[2] += wet
        fluxes[3] += enter
        fluxes[4] += water - enter
        fluxes[5] += use
        fluxes[6] += down
        fluxes[7] += sideways
        fluxes[8] += base
        fluxes[10] += snowfall
        fluxes[11] += melt
    fluxes /= cells
    channel = state[3, 0] + fluxes[4] + fluxes[7] + fluxes[8]
    fluxes[9] = channel * (1.0 - np.exp(-1.0 / CHANNEL_DAYS))
    state[3, :] = channel - fluxes[9]


@numba.njit(cache=True)
def _run(rain, demand, share, melting, capacity, state, fluxes, means):
    for t in range(rain.shape[0]):
        _step(rain[t], demand[t], share[t], melting[t], capacity, state, fluxes[t])
        for k in range(means.shape[1]):
            means[t, k] = state[k].mean()


@numba.njit(cache=True)
def _states_at(rain, demand, share, melting, capacity, state, days, kept):
    """States of all cells before each of some ascending days."""
    fluxes = np.zeros(12)
    found = 0
    for t in range(rain.shape[0]):
        while found < days.shape[0] and days[found] == t:
            kept[found] = state
            found += 1
        if found == days.shape[0]:
            return
        _step(rain[t], demand[t], share[t], melting[t], capacity, state, fluxes)


@dataclass(frozen=True)
class Weather:
    """True weather of a virtual catchment.

    Parameters
    ----------
    rain : numpy.ndarray
        Precipitation of every cell, shape (time, cell) [mm d-1].
    demand : numpy.ndarray
        Potential evapotranspiration, shape (time,) [mm d-1].
    temperature : numpy.ndarray or None
        Shape (time,) [degC]; None without snow.
    """

    rain: np.ndarray
    demand: np.ndarray
    temperature: np.ndarray | None

    @property
    def snow_share(self) -> np.ndarray:
        """Share of precipitation that falls as snow [-], shape (time,)."""
        if self.temperature is None:
            return np.zeros_like(self.demand)
        rain, snow = SNOWFALL
        return np.clip((rain - self.temperature) / (rain - snow), 0, 1)

    @property
    def melting(self) -> np.ndarray:
        """Melt where snow does not run out [mm d-1], shape (time,)."""
        if self.temperature is None:
            return np.zeros_like(self.demand)
        return MELT * np.maximum(self.temperature, 0)

    def days(self, first: int, last: int) -> tuple[np.ndarray, ...]:
        """What the cells are driven by on some days."""
        return tuple(series[first:last] for series in (self.rain, self.demand, self.snow_share, self.melting))


def weather(settings: Virtual) -> Weather:
    """Weather over every cell.

    Wet days come and go as a two-state chain with a wetter winter, with gamma-distributed amounts; over the cells a
    day's rain is gamma distributed around its mean with the wanted coefficient of variation and wetted fraction.
    Temperature, where wanted, is a season and weather with a memory of days, from random numbers of its own.
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
    demand = np.maximum(MEAN_DEMAND - 2.1 * season + 0.5 * rng.standard_normal(days), 0.05)
    demand *= settings.mean_demand / MEAN_DEMAND
    rain = amounts[:, None] * _pattern(settings, days, rng)
    return Weather(rain, demand, _temperature(settings, season) if settings.snow else None)


def _temperature(settings: Virtual, season: np.ndarray) -> np.ndarray:
    mean, swing, spread, memory = TEMPERATURE
    shocks = np.random.default_rng([settings.seed, 1]).standard_normal(len(season))
    deviation = lfilter([np.sqrt(1 - memory**2)], [1, -memory], shocks)
    return mean - swing * season + spread * deviation


def _noisy(values: np.ndarray, noise: float, settings: Virtual, stream: int) -> np.ndarray:
    """Values times lognormal errors of mean one and relative spread `noise`."""
    if noise == 0:
        return values
    sigma = np.sqrt(np.log1p(noise**2))
    draws = np.random.default_rng([settings.seed, stream]).standard_normal(len(values))
    return values * np.exp(sigma * draws - sigma**2 / 2)


def _pattern(settings: Virtual, days: int, rng: np.random.Generator) -> np.ndarray:
    """Share of the mean rain that falls on each cell, of mean one on every day, shape (time, cell)."""
    wetted = max(1, round(settings.wet_fraction * settings.cells))
    pattern = np.zeros((days, settings.cells))
    if settings.rain_cv == 0:
        pattern[:, :wetted] = 1.0
    else:
        cv = _noisy(np.full(days, settings.rain_cv), settings.rain_cv_spread, settings, 4)
        shape = cv[:, None] ** -2
        if settings.rain_patch:
            drawn = gammaincinv(shape, ndtr(_patches(settings.rain_patch, days, wetted, rng))) / shape
        else:
            drawn = rng.gamma(shape, 1 / shape, (days, wetted))
        pattern[:, :wetted] = drawn + 1e-12
    if settings.rain_shuffled or (wetted < settings.cells and not settings.rain_patch):
        pattern = rng.permuted(pattern, axis=1)
    elif wetted < settings.cells:
        start = rng.integers(0, settings.cells, (days, 1))
        pattern = np.take_along_axis(pattern, (np.arange(settings.cells) - start) % settings.cells, axis=1)
    return pattern / pattern.mean(1, keepdims=True)


def _patches(length: float, days: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Standard normal deviates with exponential correlation over the cells, shape (time, cell)."""
    memory = np.exp(-1 / length)
    shocks = rng.standard_normal((days, cells))
    shocks[:, 1:] *= np.sqrt(1 - memory**2)
    return lfilter([1.0], [1.0, -memory], shocks, axis=1)


def simulate(settings: Virtual) -> xr.Dataset:
    """Run the catchment.

    Parameters
    ----------
    settings : config.Virtual

    Returns
    -------
    xarray.Dataset
        Dim time: precipitation, potential_evapotranspiration and streamflow [mm per day], with the errors asked for;
        temperature [degC] where there is snow; and the exact catchment means of every flux and store as `true_*` [mm].
    """
    true = weather(settings)
    days = len(true.demand)
    fluxes, means = np.zeros((days, len(FLUXES))), np.zeros((days, len(STORES)))
    _run(*true.days(0, days), capacities(settings), _initial(settings), fluxes, means)
    known = dict(zip(FLUXES, fluxes.T, strict=True)) | dict(zip(STORES, means.T, strict=True))
    arrays = {
        "precipitation": _noisy(true.rain.mean(1), settings.rain_noise, settings, 2),
        "potential_evapotranspiration": true.demand,
        "streamflow": _noisy(known.pop("streamflow"), settings.flow_noise, settings, 3),
    }
    arrays |= {f"true_{name}": values for name, values in known.items() if settings.snow or name not in SNOW}
    data = xr.Dataset(
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
    if settings.rain_cv_spread or settings.rain_patch:
        data["precipitation_stdev"] = ("time", true.rain.std(1), {"units": "mm", "long_name": "spread over the cells"})
    if true.temperature is not None:
        data["temperature"] = ("time", true.temperature, {"units": "degC", "long_name": "temperature"})
    return data


def pulse_removal(settings: Virtual, days: np.ndarray, lag: int) -> xr.Dataset:
    """True response to each of some days' precipitation: the simulation less the same without that day's.

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
    true = weather(settings)
    capacity = capacities(settings)
    kept = np.zeros((len(days), len(STORES), settings.cells))
    _states_at(*true.days(0, None), capacity, _initial(settings), np.asarray(days), kept)
    differences = np.zeros((len(days), lag, len(FLUXES)))
    storage = np.zeros((len(days), lag))
    for i, day in enumerate(days):
        pair = []
        for removed in (False, True):
            rain, *rest = true.days(day, day + lag)
            if removed:
                rain = rain.copy()
                rain[0] = 0.0
            fluxes, means = np.zeros((lag, len(FLUXES))), np.zeros((lag, len(STORES)))
            _run(rain, *rest, capacity, kept[i].copy(), fluxes, means)
            pair.append((fluxes, means.sum(1)))
        differences[i] = pair[0][0] - pair[1][0]
        storage[i] = pair[0][1] - pair[1][1]
    arrays = {name: (("pulse", "lag"), differences[..., k]) for k, name in enumerate(FLUXES)}
    arrays["residual_storage"] = (("pulse", "lag"), storage)
    arrays["removed"] = (("pulse",), true.rain[days].mean(1))
    return xr.Dataset(arrays, coords={"pulse": days, "lag": np.arange(lag, dtype=float)})


def law(settings: Virtual, process: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """True catchment-scale law where it is known in closed form, else NaN.

    Infiltration is that of point capacities averaged over them and over point rain (oracle O3, with exponential
    capacities O7), after a canopy deficit of `DEFICIT`.

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
    # Melt is spread over the cells otherwise than rain, and one law cannot hold for a CV that changes.
    if process != "infiltration" or settings.snow or settings.rain_cv_spread or settings.rain_patch:
        return np.full(np.shape(x), np.nan)
    relative, share = PointRain(settings.capacity_cv).nodes()

    def point(water: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.minimum(water[..., None], settings.infiltration_capacity * relative) @ share

    return averaged(point, PointRain(settings.rain_cv, settings.wet_fraction), DEFICIT)(x, y)


def capacities(settings: Virtual) -> np.ndarray:
    """Infiltration capacity of every cell [mm d-1], at even shares of its distribution."""
    if settings.capacity_cv == 0:
        return np.full(settings.cells, settings.infiltration_capacity)
    share = (np.arange(settings.cells) + 0.5) / settings.cells
    relative = gammaincinv(settings.capacity_cv**-2, share)
    return settings.infiltration_capacity * relative / relative.mean()


def _time(settings: Virtual) -> np.ndarray:
    start = np.datetime64(settings.start, "D")
    end = np.datetime64(settings.start.replace(year=settings.start.year + settings.years), "D")
    return np.arange(start, end).astype("datetime64[ns]")


def _initial(settings: Virtual) -> np.ndarray:
    return np.repeat(np.array(INITIAL)[:, None], settings.cells, 1)
