"""What every flux would be had other rain fallen on a day, through the closed loop: less, more, or less on two days."""

import numpy as np
import torch
import xarray as xr

from hydronexus.model.bucket import Forcing
from hydronexus.model.nexus import Nexus, Simulation
from hydronexus.training.data import Drivers

FLUXES = (
    "streamflow", "infiltration", "surface_runoff", "soil_evapotranspiration", "canopy_evaporation", "recharge",
    "interflow", "baseflow",
)  # fmt: skip
FALLING = ("rain", "snowfall")
BATCH = 64  # pulses followed at once


def choose_pulses(precipitation: np.ndarray, step: float, count: int, warmup: int, lag: int) -> np.ndarray:
    """Time indices of at most `count` rain pulses of 1 mm d-1 or more, evenly spread over all such steps.

    Parameters
    ----------
    precipitation : numpy.ndarray
        [mm per step], shape (time,).
    step : float
        Time step [d].
    warmup, lag : int
        Steps left free at the start and at the end of the record.
    """
    last = len(precipitation) - lag
    candidates = np.flatnonzero(precipitation[:last] >= 1.0 * step)
    candidates = candidates[candidates >= warmup]
    if len(candidates) <= count:
        return candidates
    return candidates[np.linspace(0, len(candidates) - 1, count).round().astype(int)]


def remove_pulses(module: Nexus, source: Drivers, simulation: xr.Dataset, times: np.ndarray, lag: int) -> xr.Dataset:
    """Difference of every flux between the closed-loop simulation and the same without the rain of one step.

    Parameters
    ----------
    module : Nexus
        Trained ensemble, double precision.
    source : Drivers
        Forcing of the whole record.
    simulation : xarray.Dataset
        Simulation of the record; its closed loop gives the state before each pulse.
    times : numpy.ndarray
        Time indices of the pulses.
    lag : int
        Steps a pulse is followed.

    Returns
    -------
    xarray.Dataset
        One variable per flux, dims (seed, pulse, lag) [mm]; `removed` (pulse): measured precipitation [mm];
        `conservation_error` (seed, pulse): removed rain and snowfall, as corrected, that is neither in an outflow nor
        in a store at the end, as a share [-].
    """
    removed = source.values[times, 0].numpy()
    lost = changed(module, source, simulation, times, lag, -removed[:, None])
    found = {name: -lost[name] for name in FLUXES}
    return xr.Dataset(
        found | {"conservation_error": lost["conservation_error"], "removed": ("pulse", removed)},
        coords={"pulse": times, "lag": np.arange(lag) * source.step},
    )


@torch.no_grad()
def changed(
    module: Nexus, source: Drivers, simulation: xr.Dataset, times: np.ndarray, lag: int, change: np.ndarray
) -> xr.Dataset:
    """Difference of every flux between the closed-loop simulation with changed precipitation and as it is.

    Parameters
    ----------
    module, source, simulation, times, lag
        As for :func:`remove_pulses`; a time is the first whose precipitation changes.
    change : numpy.ndarray
        Added to the measured precipitation of each time and the steps after it [mm], shape (pulse, step).

    Returns
    -------
    xarray.Dataset
        One variable per flux, dims (seed, pulse, lag) [mm], and `conservation_error` (seed, pulse) [-].
    """
    closed = simulation.sel(loop="closed")
    parts = [
        _changed(module, source, closed, times[part], lag, torch.from_numpy(np.ascontiguousarray(change[part])))
        for part in (slice(first, first + BATCH) for first in range(0, len(times), BATCH))
    ]
    return xr.concat(parts, "pulse")


def _changed(
    module: Nexus, source: Drivers, closed: xr.Dataset, times: np.ndarray, lag: int, change: torch.Tensor
) -> xr.Dataset:
    lead = min(int(times.min()), round(365 / source.step)) if module.reads_hidden else 0
    index = times[:, None] + np.arange(-lead, lag)
    raw = source.values[index][None]
    other = raw.clone()
    other[0, :, lead : lead + change.shape[1], 0] += change
    start = {name: torch.from_numpy(closed[name].values[:, times - 1]).double() for name in module.bucket.store_names}
    lags = module.routing.lags.shape[-1]
    inflow = sum(closed[name].values for name in ("surface_runoff", "interflow", "baseflow"))
    history = torch.from_numpy(inflow[:, times[:, None] + np.arange(1 - lags, 0)]).double()

    def run(values: torch.Tensor) -> Simulation:
        forcing = source.forcing(values)
        later = forcing.steps(lead, None)
        return module.closed_loop(Forcing(**(vars(later) | {"features": forcing.features})), start, history)

    plain, altered = run(raw), run(other)
    dims = ("seed", "pulse", "lag")
    arrays = {name: (dims, (altered.fluxes[name] - plain.fluxes[name]).numpy()) for name in FLUXES}
    out = sum(arrays[name][1].sum(-1) for name in ("streamflow", "soil_evapotranspiration", "canopy_evaporation"))
    left = sum((altered.stores[name] - plain.stores[name])[..., -1].numpy() for name in plain.stores)
    fallen = sum(
        (altered.fluxes[name] - plain.fluxes[name]).sum(-1).numpy() for name in FALLING if name in plain.fluxes
    )
    arrays["conservation_error"] = (dims[:2], (out + left) / fallen - 1)
    return xr.Dataset(arrays)


def bin_pulses(
    pulses: xr.Dataset, wetness: np.ndarray, intensity_bins: int, wetness_bins: int, step: float
) -> xr.Dataset:
    """Average responses in bins of intensity and antecedent wetness, each of equal counts.

    Parameters
    ----------
    pulses : xarray.Dataset
        From :func:`remove_pulses`, or the same without dim seed.
    wetness : numpy.ndarray
        Soil store before each pulse [mm], shape (pulse,).
    step : float
        Time step [d].

    Returns
    -------
    xarray.Dataset
        `pulse` ([seed,] flux, intensity_bin, wetness_bin, lag) [d-1]: response per mm removed, weighted by the pulses
        (sum of responses over sum of pulses, the counterpart of ERRA's nonlinear response function); `intensity`
        [mm d-1], `wetness` [mm] and `pulse_count`.
    """
    removed = pulses["removed"].values
    rows = _bins(removed, intensity_bins)
    columns = _bins(wetness, wetness_bins)
    responses = xr.concat([pulses[name] for name in FLUXES], "flux", coords="minimal").assign_coords(flux=list(FLUXES))
    shape = (intensity_bins, wetness_bins)
    count = np.zeros(shape, int)
    means = []
    for i in range(intensity_bins):
        for j in range(wetness_bins):
            members = (rows == i) & (columns == j)
            count[i, j] = members.sum()
            total = removed[members].sum() * step
            means.append(responses[..., members, :].sum("pulse") / total if total else responses[..., 0, :] * np.nan)
    stacked = xr.concat([m.drop_vars("pulse", errors="ignore") for m in means], "bin").values.reshape(
        *shape, *means[0].shape
    )
    dims = (*[d for d in means[0].dims if d != "lag"], "intensity_bin", "wetness_bin", "lag")
    binned = np.moveaxis(stacked, (0, 1), (-3, -2))
    return xr.Dataset(
        {
            "pulse": (dims, binned.astype("float32"), {"units": "d-1", "long_name": "response per mm of removed rain"}),
            "pulse_count": (("intensity_bin", "wetness_bin"), count),
        },
        coords={
            "flux": list(FLUXES),
            "lag": ("lag", pulses["lag"].values, {"units": "d"}),
            "intensity": ("intensity_bin", _means(removed / step, rows, intensity_bins), {"units": "mm d-1"}),
            "wetness": ("wetness_bin", _means(wetness, columns, wetness_bins), {"units": "mm"}),
        },
    )


def _bins(values: np.ndarray, count: int) -> np.ndarray:
    """Bin of each value, 0 to count - 1, with edges at quantiles."""
    edges = np.quantile(values, np.linspace(0, 1, count + 1)[1:-1])
    return np.searchsorted(edges, values, side="right")


def _means(values: np.ndarray, bins: np.ndarray, count: int) -> np.ndarray:
    return np.array([values[bins == i].mean() if (bins == i).any() else np.nan for i in range(count)])
