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


def unit_hydrograph(lag, step, count, residence, delay=0.0):
    """Outflow per step of a unit of inflow spread over one step, from n equal reservoirs after a delay.

    Means over both steps of :func:`nash`'s response, from the second integral of it; the sum over lags is 1, the
    centroid n k + delay (oracle O15).

    Parameters
    ----------
    lag : array_like
        Start of each step of outflow after that of inflow.
    step, residence, delay : array_like
        Time step, k and delay, in the unit of `lag`.
    count : array_like
        n [-].

    Returns
    -------
    array_like
        Share of the unit [-].
    """

    def twice(time):
        time = np.maximum(time, 0)
        return time * gamma.cdf(time, count, scale=residence) - count * residence * gamma.cdf(
            time, count + 1, scale=residence
        )

    time = np.asarray(lag, float) - delay
    return (twice(time + step) - 2 * twice(time) + twice(time - step)) / step


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
