"""The nexus model's bucket with prescribed field-scale equations in place of its learned laws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
import xarray as xr
from scipy.special import gammainc

from hydronexus.baselines.calibration import Bounds, search
from hydronexus.config import Periods
from hydronexus.model.stores import CANOPY_CAPACITY, CHANNEL_DAYS, CORRECTION, GROUND_RESIDENCE, ledger
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
SNOW_RANGE = 4.0  # K from all snow to all rain
COLUMNS = (
    "precipitation_correction", "snowfall", "melt", "rain", "throughfall", "canopy_evaporation", "infiltration",
    "surface_runoff", "soil_evapotranspiration", "recharge", "interflow", "baseflow", "snow", "canopy", "soil", "ground",
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
        return replace(
            self, precipitation=self.precipitation[:stop], demand=self.demand[:stop], temperature=cold
        )


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
    weights = np.diff(np.diff(passed, prepend=0.0))
    return weights / weights.sum()


@numba.njit(cache=True)
def _march(precipitation, demand, temperature, step, snowy, parameters, out):
    """March through the record; `out` of shape (time, column) receives fluxes and stores in the order of `COLUMNS`."""
    (rain_catch, snow_catch, snow_temperature, melt_temperature, melt_factor, canopy_capacity, infiltration_capacity,
     soil_capacity, stress_onset, recharge_rate, recharge_exponent, interflow_rate, interflow_exponent,
     ground_residence) = parameters  # fmt: skip
    pack, canopy, soil = 0.0, 0.0, 0.5 * soil_capacity
    ground = recharge_rate * 0.5**recharge_exponent * ground_residence  # steady under the initial soil
    drained = 1.0 - np.exp(-step / ground_residence)
    for t in range(precipitation.shape[0]):
        rain, snowfall, melt, correction = precipitation[t], 0.0, 0.0, 0.0
        if snowy:
            share = min(max(0.5 + (snow_temperature - temperature[t]) / SNOW_RANGE, 0.0), 1.0)
            snowfall = snow_catch * share * rain
            corrected = rain_catch * (1.0 - share) * rain
            correction = snowfall + corrected - rain
            rain = corrected
            melt = min(melt_factor * max(temperature[t] - melt_temperature, 0.0) * step, pack + snowfall)
            pack += snowfall - melt

        throughfall = max(canopy + rain - canopy_capacity, 0.0)
        canopy += rain - throughfall
        # dC/dt = -E C/S, exact over the step: never more than E.
        wet = canopy * (1.0 - np.exp(-demand[t] / canopy_capacity))
        canopy -= wet

        water = throughfall + melt
        infiltration = min(water, infiltration_capacity * step, soil_capacity - soil)
        there = soil + infiltration
        s = there / soil_capacity
        # Outflows [mm per step] at the step's wetness share the exact decay of the soil, as in the nexus model.
        drying = (demand[t] - wet) * min(1.0, s / stress_onset)
        down = recharge_rate * s**recharge_exponent * step
        sideways = interflow_rate * s**interflow_exponent * step
        total = drying + down + sideways
        share = 0.0
        if total > 0.0:
            share = -np.expm1(-total / there) * there / total
        soil = there - share * total

        recharge = share * down
        ground += recharge
        baseflow = drained * ground
        ground -= baseflow
        out[t, :] = (
            correction, snowfall, melt, rain, throughfall, wet, infiltration, water - infiltration, share * drying,
            recharge, share * sideways, baseflow, pack, canopy, soil, ground,
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
    run["channel"] = np.convolve(inflow, 1 - np.cumsum(weights))[: len(inflow)]
    return run
