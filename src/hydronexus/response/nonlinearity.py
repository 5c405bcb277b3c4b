"""How far the closed loop is from linear: added pulses, pairs of pulses, and the best linear filter."""

import numpy as np
import xarray as xr

from hydronexus.model.nexus import Nexus
from hydronexus.response.pulses import FLUXES, changed
from hydronexus.training.data import Drivers

ADDITIONS = (1.0, 5.0, 10.0, 25.0, 50.0)  # mm d-1
DOUBLED = ((5.0, 10.0), (25.0, 50.0))
SEPARATIONS = (1, 3, 7, 14, 30)  # d
PAIRS = 60  # of pulses, for each separation


def add_pulses(
    module: Nexus,
    source: Drivers,
    simulation: xr.Dataset,
    times: np.ndarray,
    lag: int,
    largest: float,
) -> xr.Dataset:
    """Mean response to rain added on days with rain, [Y(P + d) - Y(P)] / d.

    Parameters
    ----------
    module, source, simulation, times, lag
        As for :func:`hydronexus.response.pulses.remove_pulses`.
    largest : float
        Largest precipitation of a step in the training period [mm per step]. Pulses that would pass it are left out.

    Returns
    -------
    xarray.Dataset
        `addition_response` (seed, flux, addition, lag) [d-1], NaN where no pulse stays within what was seen in
        training; `addition_extrapolated` (addition), the share of pulses that does not [-]; `superposition_defect`
        (seed, flux, addition): sum over lags of |R(2d)/2 - R(d)| over that of |R(d)| [-], 0 where the system is linear,
        over pulses for which both stay within.
    """
    rain = source.values[times, 0].numpy()
    responses, shares = [], []
    defect = np.full((len(ADDITIONS), simulation.sizes["seed"], len(FLUXES)), np.nan)
    for amount in ADDITIONS:
        depth = amount * source.step
        within = times[rain + depth <= largest]
        shares.append(1 - len(within) / len(times))
        responses.append(_mean_addition(module, source, simulation, within, lag, depth))
    for single, double in DOUBLED:
        within = times[rain + double * source.step <= largest]
        one, two = (
            _mean_addition(module, source, simulation, within, lag, amount * source.step) for amount in (single, double)
        )
        size = np.abs(one).sum(-1)
        defect[ADDITIONS.index(single)] = np.where(
            size > 0, np.abs(two - one).sum(-1) / np.where(size > 0, size, 1), np.nan
        )
    coords = {
        "seed": simulation["seed"],
        "flux": list(FLUXES),
        "addition": ("addition", list(ADDITIONS), {"units": "mm d-1"}),
        "lag": ("lag", np.arange(lag) * source.step, {"units": "d"}),
    }
    per_day = np.stack(responses, 2) / source.step
    return xr.Dataset(
        {
            "addition_response": (("seed", "flux", "addition", "lag"), per_day.astype("float32"), {"units": "d-1"}),
            "addition_extrapolated": (("addition",), shares, {"units": "1"}),
            "superposition_defect": (("seed", "flux", "addition"), np.moveaxis(defect, 0, -1), {"units": "1"}),
        },
        coords,
    )


def _mean_addition(
    module: Nexus, source: Drivers, simulation: xr.Dataset, times: np.ndarray, lag: int, depth: float
) -> np.ndarray:
    """Mean response per mm, shape (seed, flux, lag)."""
    if not len(times):
        return np.full((simulation.sizes["seed"], len(FLUXES), lag), np.nan)
    found = changed(module, source, simulation, times, lag, np.full((len(times), 1), depth))
    return np.stack([found[name].transpose("seed", "pulse", "lag").values.mean(1) for name in FLUXES], 1) / depth


def interactions(module: Nexus, source: Drivers, simulation: xr.Dataset, first: int, lag: int) -> xr.Dataset:
    """How a pulse changes the response to another: second-order Volterra terms by finite differences.

    For rain a and b on two days, [Y - Y(without a) - Y(without b) + Y(without both)] summed over lags after the later
    one, over the sum of the products of a and b: 0 where responses add up.

    Parameters
    ----------
    module, source, simulation, lag
        As for :func:`hydronexus.response.pulses.remove_pulses`.
    first : int
        Steps at the start of the record to leave out.

    Returns
    -------
    xarray.Dataset
        `interaction` (seed, flux, separation) [mm-1], NaN where no two days so far apart have 1 mm d-1 or more.
    """
    rain = source.values[:, 0].numpy()
    wet = rain >= source.step
    steps = sorted({max(1, round(days / source.step)) for days in SEPARATIONS})
    found = []
    for apart in steps:
        starts = np.flatnonzero(wet[: len(wet) - apart] & wet[apart:])
        starts = starts[(starts >= first) & (starts < len(rain) - lag - apart)]
        starts = (
            starts[np.unique(np.linspace(0, len(starts) - 1, PAIRS).round().astype(int))] if len(starts) else starts
        )
        found.append(_interaction(module, source, simulation, starts, apart, lag, rain))
    return xr.Dataset(
        {"interaction": (("separation", "seed", "flux"), np.stack(found), {"units": "mm-1"})},
        {
            "separation": ("separation", np.array(steps) * source.step, {"units": "d"}),
            "seed": simulation["seed"],
            "flux": list(FLUXES),
        },
    ).transpose("seed", "flux", "separation")


def _interaction(
    module: Nexus, source: Drivers, simulation: xr.Dataset, starts: np.ndarray, apart: int, lag: int, rain: np.ndarray
) -> np.ndarray:
    if not len(starts):
        return np.full((simulation.sizes["seed"], len(FLUXES)), np.nan)
    both = np.zeros((len(starts), apart + 1))
    both[:, 0], both[:, apart] = -rain[starts], -rain[starts + apart]
    earlier, later = both.copy(), both.copy()
    earlier[:, apart], later[:, 0] = 0.0, 0.0
    volume = []
    for change in (both, earlier, later):
        other = changed(module, source, simulation, starts, lag + apart, change)
        volume.append(
            np.stack(
                [other[name].transpose("seed", "pulse", "lag").values[..., apart:].sum((1, 2)) for name in FLUXES], 1
            )
        )
    return (volume[0] - volume[1] - volume[2]) / (both[:, 0] * both[:, apart]).sum()


def unlike_linear(precipitation: np.ndarray, series: np.ndarray, lag: int) -> np.ndarray:
    """NL = 1 - R^2 of the best linear filter of precipitation, a constant included [-].

    Parameters
    ----------
    precipitation : numpy.ndarray
        Shape (time,).
    series : numpy.ndarray
        Shape (series, time).
    lag : int
        Length of the filter, as far as a third of the record.

    Returns
    -------
    numpy.ndarray
        Shape (series,), between 0 and 1; NaN of a series that does not vary.
    """
    lag = min(lag, len(precipitation) // 3)
    columns = np.lib.stride_tricks.sliding_window_view(precipitation, lag)
    design = np.column_stack([np.ones(len(columns)), columns])
    wanted = series[:, lag - 1 :].T
    gram = design.T @ design
    solution = np.linalg.solve(gram + 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram)), design.T @ wanted)
    variance = wanted.var(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, ((wanted - design @ solution) ** 2).mean(0) / variance, np.nan)
