"""Unit hydrographs of channels and reservoirs, and routing of a hydrograph."""

import numpy as np
from scipy.signal import lfilter
from scipy.stats import gamma


def linear_reservoir(time, residence):
    """Impulse response exp(-t/k)/k [1 over the unit of time]; k 0.2 to 3 d quick, 20 to 400 d ground (Maillet 1905)."""
    return np.where(np.asarray(time) >= 0, np.exp(-np.maximum(time, 0) / residence) / residence, 0.0)


def nash(time, count, residence):
    """Impulse response (t/k)^(n-1) exp(-t/k) / (k Gamma(n)) of n equal reservoirs in a row.

    Parameters
    ----------
    time, residence : array_like
        t and k, in one unit.
    count : array_like
        n [-], 1 to 6, need not be whole.

    References
    ----------
    Nash 1957, IASH Publication 45, 114-121
    """
    return gamma.pdf(time, count, scale=residence)


def lag_and_route(time, lag, residence):
    """Impulse response of a delay and a linear reservoir after it (Clark 1945)."""
    return linear_reservoir(np.asarray(time) - lag, residence)


def muskingum_weights(residence, weighting, step):
    """C0, C1, C2 of O[t+1] = C0 I[t+1] + C1 I[t] + C2 O[t]; they sum to 1.

    Parameters
    ----------
    residence, step : float
        Travel time K of the reach and time step, in one unit.
    weighting : float
        X [-], 0 to 0.5, usually below 0.4; all weights are positive where 2 K X <= step <= 2 K (1 - X).

    References
    ----------
    McCarthy 1938; Cunge 1969, doi 10.1080/00221686909500264
    """
    whole = 2 * residence * (1 - weighting) + step
    return (
        (step - 2 * residence * weighting) / whole,
        (step + 2 * residence * weighting) / whole,
        (2 * residence * (1 - weighting) - step) / whole,
    )


def muskingum(inflow, residence, weighting, step):
    """Outflow of a reach from its inflow, shape (time,), steady before; see :func:`muskingum_weights`."""
    new, old, kept = muskingum_weights(residence, weighting, step)
    inflow = np.asarray(inflow, float)
    # What the filter remembers after long steady inflow.
    state = [(1 - new) * inflow[0]]
    return lfilter([new, old], [1, -kept], inflow, zi=state)[0]
