"""Interception of rain by a canopy."""

import numba
import numpy as np


def merriam(precipitation, capacity, evaporation=0.0):
    """Interception of a storm: S (1 - exp(-P/S)) + E.

    Parameters
    ----------
    precipitation : array_like
        Storm depth P [mm].
    capacity : array_like
        Storage capacity S of the canopy [mm], 0.5 to 2.5.
    evaporation : array_like
        Evaporation from the wet canopy during the storm E [mm].

    References
    ----------
    Merriam 1960, doi 10.1029/JZ065i011p03850
    """
    return capacity * -np.expm1(-np.asarray(precipitation) / capacity) + evaporation


def gash_saturation(rain_rate, evaporation_rate, capacity, free=0.25, trunk=0.02):
    """Storm depth that saturates a canopy: -(R S/E) ln(1 - E / ((1-p-pt) R)).

    Parameters
    ----------
    rain_rate, evaporation_rate : array_like
        Mean rates while the canopy is wet R, E [mm h-1].
    capacity : array_like
        S [mm].
    free, trunk : float
        Shares of rain that fall through gaps p (0.1 to 0.4) and onto trunks pt [-].

    Returns
    -------
    array_like
        [mm]; infinite where evaporation keeps up with the rain caught.

    References
    ----------
    Gash 1979, doi 10.1002/qj.49710544304
    """
    ratio = np.asarray(evaporation_rate) / ((1 - free - trunk) * np.asarray(rain_rate))
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = -np.asarray(rain_rate) * capacity / evaporation_rate * np.log1p(-ratio)
    return np.where(ratio < 1, depth, np.inf)


def gash(precipitation, rain_rate, evaporation_rate, capacity, free=0.25, trunk=0.02):
    """Canopy interception of a storm: all that is caught until saturation, then evaporation at the rate E/R of rain.

    Parameters
    ----------
    precipitation : array_like
        Storm depth [mm]; the rest as for :func:`gash_saturation`.

    Returns
    -------
    array_like
        [mm]

    References
    ----------
    Gash 1979, doi 10.1002/qj.49710544304
    """
    precipitation = np.asarray(precipitation)
    enough = gash_saturation(rain_rate, evaporation_rate, capacity, free, trunk)
    caught = 1 - free - trunk
    until = np.minimum(precipitation, enough)
    return caught * until + evaporation_rate / rain_rate * np.maximum(precipitation - until, 0)


@numba.njit(cache=True)
def _rutter(rain, demand, capacity, free, trunk, leak, exponent, step, parts):
    content = 0.0
    stored, drained, evaporated = np.empty_like(rain), np.zeros_like(rain), np.zeros_like(rain)
    fine = step / parts
    for t in range(len(rain)):
        for _ in range(parts):
            content += (1 - free - trunk) * rain[t] * fine
            loss = min(demand[t] * min(content / capacity, 1.0) * fine, content)
            content -= loss
            drip = min(leak * np.exp(exponent * (content - capacity)) * fine, content) if content > capacity else 0.0
            content -= drip
            evaporated[t] += loss
            drained[t] += drip
        stored[t] = content
    return stored, drained, evaporated


def rutter(rain, demand, capacity, free=0.25, trunk=0.02, leak=0.12, exponent=3.7, step=1.0, parts=60):
    """Running water balance of a canopy: dC/dt = (1-p-pt) R - E min(C/S, 1) - D exp(b (C-S)) above S.

    Parameters
    ----------
    rain, demand : numpy.ndarray
        Rain R and evaporation of a wet canopy E [mm h-1], shape (time,).
    capacity : float
        S [mm].
    free, trunk : float
        p, pt [-].
    leak, exponent : float
        Drip D at saturation [mm h-1] and b [mm-1], 3 to 4.6.
    step : float
        [h]
    parts : int
        Steps of the integration in each.

    Returns
    -------
    content, drip, evaporation : numpy.ndarray
        At the end of each step, and over it [mm].

    References
    ----------
    Rutter et al. 1971, doi 10.1016/0002-1571(71)90034-3
    """
    rain, demand = np.ascontiguousarray(rain, float), np.ascontiguousarray(demand, float)
    return _rutter(rain, demand, float(capacity), free, trunk, leak, exponent, float(step), parts)
