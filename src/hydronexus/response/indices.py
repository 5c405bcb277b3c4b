"""First indices of nonlinearity and memory, with block-bootstrap intervals."""

import numpy as np
import xarray as xr

from hydronexus.response.pulses import FLUXES

BLOCK = 12  # consecutive pulses resampled together, because neighbours share a season


def elasticity(removed: np.ndarray, volume: np.ndarray) -> float:
    """Slope of ln(response volume) against ln(pulse); 1 is a linear response.

    Parameters
    ----------
    removed, volume : numpy.ndarray
        Pulses and the volumes of their responses [mm], shape (pulse,).
    """
    usable = (volume > 1e-6) & (removed > 0)
    if usable.sum() < 10 or np.ptp(removed[usable]) == 0:
        return np.nan
    return float(np.polyfit(np.log(removed[usable]), np.log(volume[usable]), 1)[0])


def passage_time(response: np.ndarray, lag: np.ndarray, share: float) -> float:
    """Time by which a share of the response has passed [d], from a mean response of shape (lag,)."""
    total = np.cumsum(response)
    if not np.isfinite(total[-1]) or abs(total[-1]) < 1e-9:
        return np.nan
    return float(lag[np.argmax(total / total[-1] >= share)])


def centroid(response: np.ndarray, lag: np.ndarray) -> float:
    """Mean lag of a response [d], from a mean response of shape (lag,)."""
    total = response.sum()
    if not np.isfinite(total) or abs(total) < 1e-9:
        return np.nan
    return float(response @ lag / total)


INDICES = {
    "elasticity": lambda removed, response, lag: elasticity(removed, response.sum(-1)),
    "centroid": lambda removed, response, lag: centroid(response.sum(0), lag),
    "t50": lambda removed, response, lag: passage_time(response.sum(0), lag, 0.5),
    "t90": lambda removed, response, lag: passage_time(response.sum(0), lag, 0.9),
}


def indices(pulses: xr.Dataset, bootstrap: int) -> xr.Dataset:
    """Indices of every flux and member, and 95 % intervals of those of the ensemble mean.

    Parameters
    ----------
    pulses : xarray.Dataset
        From :func:`hydronexus.response.pulses.remove_pulses`.
    bootstrap : int
        Resamples of blocks of consecutive pulses.

    Returns
    -------
    xarray.Dataset
        `elasticity` [-], `centroid`, `t50` and `t90` [d] (flux, seed), each with `_low` and `_high` (flux).
    """
    removed, lag = pulses["removed"].values, pulses["lag"].values
    rng = np.random.default_rng(0)
    blocks = max(1, len(removed) // BLOCK)
    starts = rng.integers(0, max(1, len(removed) - BLOCK), (bootstrap, blocks))
    samples = (starts[..., None] + np.arange(BLOCK)).reshape(bootstrap, -1).clip(max=len(removed) - 1)
    result = {}
    for name, index in INDICES.items():
        members, low, high = [], [], []
        for flux in FLUXES:
            responses = pulses[flux].transpose("seed", "pulse", "lag").values
            members.append([index(removed, response, lag) for response in responses])
            mean = responses.mean(0)
            drawn = np.array([index(removed[s], mean[s], lag) for s in samples])
            drawn = drawn[np.isfinite(drawn)]
            bounds = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
            low.append(bounds[0])
            high.append(bounds[1])
        units = {"units": "1" if name == "elasticity" else "d"}
        result[name] = (("flux", "seed"), np.array(members), units)
        result[f"{name}_low"] = (("flux",), np.array(low), units)
        result[f"{name}_high"] = (("flux",), np.array(high), units)
    return xr.Dataset(result, coords={"flux": list(FLUXES), "seed": pulses["seed"]})
