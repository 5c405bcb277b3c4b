"""Scores of a simulated hydrograph against an observed one."""

import math

import numpy as np
import xarray as xr
from scipy.signal import find_peaks
from scores import continuous

HIGH_SHARE = 0.02  # of the flow duration curve, Yilmaz et al. (2008)
LOW_SHARE = 0.30
SMALLEST_FLOW = 1e-6  # replaces zero flow before logarithms, in the unit of the flow
PEAK_WINDOW = 3.0  # days searched on either side of an observed peak
PEAK_DISTANCE = 100  # steps between observed peaks, Kratzert et al. (2021)


def nse(observed: xr.DataArray, simulated: xr.DataArray) -> float:
    r"""Nash-Sutcliffe efficiency [-].

    .. math:: 1 - \sum_t (S_t - O_t)^2 / \sum_t (O_t - \bar O)^2

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in any common unit, dim time; steps where either is NaN are left out.

    Returns
    -------
    float
        1 is perfect; NaN where fewer than two steps remain or the observations are constant.

    References
    ----------
    Nash and Sutcliffe (1970), doi 10.1016/0022-1694(70)90255-6; computed by the library `scores`.

    Examples
    --------
    >>> flow = xr.DataArray([1.0, 2.0, 3.0], dims="time")
    >>> nse(flow, flow + 1)
    -0.5
    """
    observed, simulated = _paired(observed, simulated)
    if not _varies(observed):
        return math.nan
    return float(continuous.nse(simulated, observed))


def kge(observed: xr.DataArray, simulated: xr.DataArray) -> dict[str, float]:
    r"""Kling-Gupta efficiency of 2009 and its components [-].

    .. math:: 1 - \sqrt{(r-1)^2 + (\sigma_S/\sigma_O-1)^2 + (\mu_S/\mu_O-1)^2}

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in any common unit, dim time; steps where either is NaN are left out.

    Returns
    -------
    dict
        kge, kge_correlation (r), kge_bias (ratio of means), kge_variability (ratio of standard deviations);
        all NaN where fewer than two steps remain or the observations are constant.

    References
    ----------
    Gupta et al. (2009), doi 10.1016/j.jhydrol.2009.08.003; computed by the library `scores`.
    """
    names = {"kge": "kge", "rho": "kge_correlation", "beta": "kge_bias", "alpha": "kge_variability"}
    observed, simulated = _paired(observed, simulated)
    if not _varies(observed):
        return dict.fromkeys(names.values(), math.nan)
    with np.errstate(invalid="ignore"):
        parts = continuous.kge(simulated, observed, include_components=True)
    return {ours: float(parts[theirs]) for theirs, ours in names.items()}


def high_flow_bias(observed: xr.DataArray, simulated: xr.DataArray) -> float:
    r"""FHV: bias of the highest 2 % of the flow duration curve [%].

    .. math:: 100 \sum_h (S_h - O_h) / \sum_h O_h

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in any common unit, dim time; steps where either is NaN are left out. Each is ranked on its own.

    References
    ----------
    Yilmaz et al. (2008), doi 10.1029/2007WR006716.

    Examples
    --------
    >>> flow = xr.DataArray(np.arange(1.0, 101.0), dims="time")
    >>> round(high_flow_bias(flow, 1.1 * flow), 6)
    10.0
    """
    observed, simulated = (np.sort(flow.values) for flow in _paired(observed, simulated))
    if not len(observed):
        return math.nan
    count = max(1, round(HIGH_SHARE * len(observed)))
    total = observed[-count:].sum()
    return float(100 * (simulated[-count:].sum() - total) / total) if total > 0 else math.nan


def low_flow_bias(observed: xr.DataArray, simulated: xr.DataArray) -> float:
    r"""FLV: bias of the slope of the lowest 30 % of the flow duration curve, in logarithms [%].

    .. math:: -100 (V_S - V_O) / V_O, \quad V_X = \sum_l (\ln X_l - \ln X_{min})

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in any common unit, dim time; steps where either is NaN are left out. Each is ranked on its own,
        and flow below 1e-6 is raised to it.

    Returns
    -------
    float
        NaN where the lowest observed flows are all equal, as in a river that is dry for 30 % of the time.

    References
    ----------
    Yilmaz et al. (2008), doi 10.1029/2007WR006716.
    """
    observed, simulated = (np.sort(flow.values) for flow in _paired(observed, simulated))
    count = round(LOW_SHARE * len(observed))
    if not count:
        return math.nan
    volumes = []
    for flow in (observed, simulated):
        logs = np.log(np.maximum(flow[:count], SMALLEST_FLOW))
        volumes.append((logs - logs[0]).sum())
    return float(-100 * (volumes[1] - volumes[0]) / volumes[0]) if volumes[0] > 0 else math.nan


def peak_timing(observed: xr.DataArray, simulated: xr.DataArray) -> float:
    """Mean absolute lag of simulated peaks [time steps].

    Observed peaks stand out by one standard deviation and lie at least 100 steps apart; the simulated peak is
    the largest flow within 3 days of an observed one.

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in any common unit on a regular `time`. A peak is left out where either series has a gap within
        its window.

    Returns
    -------
    float
        NaN where there is no peak to compare.

    References
    ----------
    Kratzert et al. (2021), supplement, doi 10.5194/hess-25-2685-2021.
    """
    o, s = observed.values.astype(float), simulated.values.astype(float)
    present = np.isfinite(o)
    if present.sum() < 3:
        return math.nan
    step = (observed["time"].values[1] - observed["time"].values[0]) / np.timedelta64(1, "D")
    window = round(PEAK_WINDOW / step)
    # Straight lines over gaps make no peaks of their own.
    filled = np.interp(np.arange(len(o)), np.flatnonzero(present), o[present])
    peaks, _ = find_peaks(filled, prominence=o[present].std(), distance=PEAK_DISTANCE)
    peaks = peaks[(peaks >= window) & (peaks + window < len(o))]
    around = peaks[:, None] + np.arange(-window, window + 1)
    whole = np.isfinite(o[around]).all(1) & np.isfinite(s[around]).all(1)
    if not whole.any():
        return math.nan
    return float(np.abs(s[around[whole]].argmax(1) - window).mean())


def scores_of(observed: xr.DataArray, simulated: xr.DataArray) -> dict[str, float]:
    """All scores of one simulation.

    Parameters
    ----------
    observed, simulated : xarray.DataArray
        Flow in a common unit on the same regular `time`; NaN in either leaves a step out.

    Returns
    -------
    dict
        nse, kge, kge_correlation, kge_bias, kge_variability [-], fhv, flv [%], peak_timing [time steps] and
        n, the number of scored steps.
    """
    return {
        "nse": nse(observed, simulated),
        **kge(observed, simulated),
        "fhv": high_flow_bias(observed, simulated),
        "flv": low_flow_bias(observed, simulated),
        "peak_timing": peak_timing(observed, simulated),
        "n": len(_paired(observed, simulated)[0]),
    }


def _paired(observed: xr.DataArray, simulated: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Both flows in double precision at the steps where both are present."""
    both = np.isfinite(observed.values) & np.isfinite(simulated.values)
    return tuple(xr.DataArray(flow.values[both].astype(float), dims="time") for flow in (observed, simulated))


def _varies(flow: xr.DataArray) -> bool:
    return flow.size > 1 and float(np.ptp(flow.values)) > 0
