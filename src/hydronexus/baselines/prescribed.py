"""The nexus model's bucket with prescribed field-scale equations in place of its learned laws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
import xarray as xr
from scipy.special import gammainc

from hydronexus.baselines.calibration import Bounds, search
from hydronexus.config import Periods
from hydronexus.model.stores import CANOPY_CAPACITY, CHANNEL_DAYS, CORRECTION, GROUND_RESIDENCE
from hydronexus.training.data import in_period

# Lower and upper bound, and whether the parameter is searched in logarithms. Where the nexus model bounds a store, this
# one has the same bound, so that they differ in their laws alone.
SNOW: Bounds = {
    "rain_catch": (np.exp(-CORRECTION), np.exp(CORRECTION), True),  # factor on rain [-]
    "snow_catch": (np.exp(-CORRECTION), np.exp(CORRECTION), True),  # factor on snowfall [-]
    "snow_temperature": (-2.0, 3.0, False),  # half of precipitation is snow [degC]
    "melt_temperature": (-2.0, 3.0, False),  # [degC]
    "melt_factor": (0.5, 12.0, True),  # [mm d-1 K-1]
}
LAND: Bounds = {
    "canopy_capacity": (0.05, CANOPY_CAPACITY, True),  # [mm]
    "infiltration_capacity": (2.0, 300.0, True),  # [mm d-1]
    "soil_capacity": (20.0, 1500.0, True),  # [mm]
    "stress_onset": (0.05, 1.0, False),  # share of the soil's capacity [-]
    "recharge_rate": (0.01, 100.0, True),  # of a full soil [mm d-1]
    "recharge_exponent": (1.0, 25.0, True),  # [-]
    "interflow_rate": (0.01, 300.0, True),  # of a full soil [mm d-1]
    "interflow_exponent": (1.0, 25.0, True),  # [-]
    "ground_residence": (*GROUND_RESIDENCE, True),  # [d]
    "channel_delay": (0.05, 5.0, True),  # mean of the unit hydrograph [d]
    "channel_reservoirs": (1.0, 6.0, True),  # [-]
}
# GR4J's options leave these many parameters 0.01 to 0.05 of training NSE short; fewer members than these end in optima
# of their own in some basins.
SEARCH = {"popsize": 6, "maxiter": 90, "mutation": (0.5, 1.0), "recombination": 0.9, "polish": True}
# A soil that drains with a high power of its wetness slows down within a day. With rates held for a whole day, half the
# time step gave another flow (NSE down to 0.92), and parameters that hold at one step only.
SOIL_STEP = 0.5  # d, the longest for which the soil's rates are held
SNOW_RANGE = 4.0  # K from all snow to all rain
COLUMNS = (
    "precipitation_correction", "snowfall", "melt", "rain", "throughfall", "canopy_evaporation", "infiltration",
    "surface_runoff", "soil_evapotranspiration", "recharge", "interflow", "baseflow",
    "snow", "canopy", "soil", "ground",
)  # fmt: skip


@dataclass(frozen=True)
class Weather:
    """What drives the bucket, as plain arrays of shape (time,).

    Parameters
    ----------
    precipitation, demand : numpy.ndarray
        Precipitation and potential evapotranspiration [mm per step].
    temperature : numpy.ndarray or None
        [degC]; None runs without snow and without a correction of precipitation.
    step : float
        Time step [d].
    """

    precipitation: np.ndarray
    demand: np.ndarray
    temperature: np.ndarray | None
    step: float

    def until(self, stop: int) -> "Weather":
        """The first `stop` steps."""
        cold = None if self.temperature is None else self.temperature[:stop]
        return replace(self, precipitation=self.precipitation[:stop], demand=self.demand[:stop], temperature=cold)


def weather(forcing: xr.Dataset) -> Weather:
    """Weather of a canonical forcing."""
    precipitation, demand, temperature = (
        forcing[name].values.astype(float) if name in forcing else None
        for name in ("precipitation", "potential_evapotranspiration", "temperature")
    )
    return Weather(precipitation, demand, temperature, float(forcing.attrs["time_step_days"]))


def bounds_of(there: Weather) -> Bounds:
    """Parameters to calibrate: 16, or 11 without temperature."""
    return LAND if there.temperature is None else {**SNOW, **LAND}


def unit_hydrograph(delay: float, reservoirs: float, step: float) -> np.ndarray:
    """Share of a step's inflow that leaves a Nash cascade in each step, averaged over both steps; sums to 1.

    Parameters
    ----------
    delay : float
        Mean travel time n k [d].
    reservoirs : float
        n [-], need not be whole.
    step : float
        Time step [d].

    Returns
    -------
    numpy.ndarray
        Shape (lag,), cut after `CHANNEL_DAYS`.

    References
    ----------
    Nash 1957
    """
    k = delay / reservoirs
    edges = np.arange(max(2, int(np.ceil(CHANNEL_DAYS / step))) + 1) * step
    # Integral of the cascade's step response, which makes the block average exact.
    passed = edges * gammainc(reservoirs, edges / k) - delay * gammainc(reservoirs + 1, edges / k)
    weights = np.maximum(np.diff(np.diff(passed, prepend=0.0)), 0.0)  # rounding may leave -1e-17
    return weights / weights.sum()


@numba.njit(cache=True, error_model="numpy")
def _march(precipitation, demand, temperature, step, snowy, parameters, out):
    """March through the record; `out` of shape (time, column) receives fluxes and stores in the order of `COLUMNS`."""
    (rain_catch, snow_catch, snow_temperature, melt_temperature, melt_factor, canopy_capacity, infiltration_capacity,
     soil_capacity, stress_onset, recharge_rate, recharge_exponent, interflow_rate, interflow_exponent,
     ground_residence) = parameters  # fmt: skip
    pack, canopy, soil = 0.0, 0.0, 0.5 * soil_capacity
    ground = recharge_rate * 0.5**recharge_exponent * ground_residence  # steady under the initial soil
    parts = int(np.ceil(step / SOIL_STEP - 1e-6))
    part = step / parts
    drained = 1.0 - np.exp(-step / ground_residence)
    for t in range(precipitation.shape[0]):
        rain, snowfall, melt, correction = precipitation[t], 0.0, 0.0, 0.0
        if snowy:
            share = min(max(0.5 + (snow_temperature - temperature[t]) / SNOW_RANGE, 0.0), 1.0)
            snowfall = snow_catch * share * rain
            corrected = rain_catch * (1.0 - share) * rain
            correction = snowfall + corrected - rain
            rain = corrected
            pack += snowfall
            melt = min(melt_factor * max(temperature[t] - melt_temperature, 0.0) * step, pack)
            pack -= melt

        held = canopy + rain
        canopy = min(held, canopy_capacity)
        throughfall = held - canopy
        # dC/dt = -E C/S, exact over the step: never more than E.
        wet = canopy * (1.0 - np.exp(-demand[t] / canopy_capacity))
        canopy -= wet

        water = throughfall + melt
        infiltration, transpired, recharge, interflow = 0.0, 0.0, 0.0, 0.0
        for _ in range(parts):
            enter = min(water / parts, infiltration_capacity * part, soil_capacity - soil)
            there = soil + enter
            # Outflows [mm] at this wetness share the exact decay of the soil, as in the nexus model.
            s = there / soil_capacity
            log_s = np.log(max(s, 1e-30))
            drying = (demand[t] - wet) / parts * min(1.0, s / stress_onset)
            down = recharge_rate * np.exp(recharge_exponent * log_s) * part
            sideways = interflow_rate * np.exp(interflow_exponent * log_s) * part
            total = drying + down + sideways
            share = 0.0
            soil = there
            if total > 0.0:
                soil = there * np.exp(-total / there)
                share = (there - soil) / total
            infiltration += enter
            transpired += share * drying
            recharge += share * down
            interflow += share * sideways

        ground += recharge
        baseflow = drained * ground
        ground -= baseflow
        out[t, :] = (
            correction, snowfall, melt, rain, throughfall, wet, infiltration, water - infiltration, transpired,
            recharge, interflow, baseflow, pack, canopy, soil, ground,
        )  # fmt: skip


def simulate(there: Weather, parameters: dict[str, float]) -> dict[str, np.ndarray]:
    """Run the bucket.

    Parameters
    ----------
    there : Weather
        Any time step; parameters are rates per day.
    parameters : dict of float
        Of :func:`bounds_of`.

    Returns
    -------
    dict of numpy.ndarray
        Fluxes [mm per step] and stores after each step [mm] by the nexus model's names, shape (time,).

    Notes
    -----
    Snowfall falls linearly from all to none of precipitation over 4 K, and melts by degree days; a canopy of capacity S
    dries at E C/S (Rutter et al. 1971); a point takes in min(P, f) (Horton 1933) until its soil is full; the soil
    evaporates E min(1, s/s*) (Feddes et al. 1978) and drains K s^n, down and sideways (Clapp and Hornberger 1978);
    ground water is a linear reservoir (Maillet 1905), the channel a Nash cascade (Nash 1957).
    """
    snowy = there.temperature is not None
    vector = tuple(parameters.get(name, 1.0) for name in (*SNOW, *LAND))
    out = np.empty((len(there.precipitation), len(COLUMNS)))
    temperature = there.temperature if snowy else there.precipitation
    _march(there.precipitation, there.demand, temperature, there.step, snowy, vector[:-2], out)
    run = dict(zip(COLUMNS, out.T, strict=True))
    inflow = run["surface_runoff"] + run["interflow"] + run["baseflow"]
    weights = unit_hydrograph(parameters["channel_delay"], parameters["channel_reservoirs"], there.step)
    run["streamflow"] = np.convolve(inflow, weights)[: len(inflow)]
    later = np.append(np.cumsum(weights[:0:-1])[::-1], 0.0)
    run["channel"] = np.convolve(inflow, later)[: len(inflow)]
    return run


def calibrate(
    forcing: xr.Dataset, periods: Periods, warmup: int, basin: str
) -> tuple[Callable[[xr.Dataset], np.ndarray], dict[str, str]]:
    """Calibrate on the NSE of the training period by differential evolution.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing of any time step.
    warmup : int
        Steps at the start of the record that are not scored.

    Returns
    -------
    run : callable
        Streamflow [mm per step], shape (1, time), under other forcing of any time step.
    facts : dict
        `parameters` and `calibration` (JSON).
    """
    there = weather(forcing)
    trained = there.until(int(np.flatnonzero(in_period(forcing, periods.train))[-1]) + 1)
    best, facts = search(
        lambda parameters: simulate(trained, parameters)["streamflow"],
        bounds_of(there),
        forcing,
        periods,
        warmup,
        SEARCH,
    )

    def run(other: xr.Dataset) -> np.ndarray:
        return simulate(weather(other), best)["streamflow"][None]

    return run, facts
