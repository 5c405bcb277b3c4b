"""Infiltration at a point and runoff from a plot."""

import numpy as np
from scipy.special import lambertw


def horton_rate(time, initial, final, decay):
    """Capacity fc + (f0 - fc) exp(-k t) [mm h-1] under water from the start.

    Parameters
    ----------
    time : array_like
        t [h].
    initial, final : array_like
        f0 (25 to 250) and fc (1 to 50) [mm h-1].
    decay : array_like
        k [h-1], 1 to 7.

    References
    ----------
    Horton 1933, doi 10.1029/TR014i001p00446
    """
    return final + (initial - final) * np.exp(-decay * np.asarray(time))


def horton_depth(time, initial, final, decay):
    """Infiltrated depth fc t + (f0 - fc) (1 - exp(-k t)) / k [mm]; see :func:`horton_rate`."""
    time = np.asarray(time)
    return final * time - (initial - final) / decay * np.expm1(-decay * time)


def philip_rate(time, sorptivity, steady):
    """Capacity S t^-1/2 / 2 + A [mm h-1] under water from the start.

    Parameters
    ----------
    time : array_like
        t [h], above zero.
    sorptivity : array_like
        S [mm h-1/2], 5 to 100.
    steady : array_like
        A [mm h-1].

    References
    ----------
    Philip 1957, doi 10.1097/00010694-195710000-00010
    """
    return 0.5 * sorptivity / np.sqrt(time) + steady


def philip_depth(time, sorptivity, steady):
    """Infiltrated depth S t^1/2 + A t [mm]; see :func:`philip_rate`."""
    return sorptivity * np.sqrt(time) + steady * np.asarray(time)


def green_ampt_rate(depth, conductivity, suction_deficit):
    """Capacity K (1 + M/F) [mm h-1] after an infiltrated depth F.

    Parameters
    ----------
    depth : array_like
        F [mm], above zero.
    conductivity : array_like
        K [mm h-1], 0.3 (clay) to 118 (sand).
    suction_deficit : array_like
        M, wetting-front suction (49.5 mm sand, 88.9 loam, 208.8 clay loam) times moisture deficit [mm].

    References
    ----------
    Green and Ampt 1911, doi 10.1017/S0021859600001441
    """
    return conductivity * (1 + suction_deficit / np.asarray(depth))


def green_ampt_depth(time, conductivity, suction_deficit):
    """Infiltrated depth -M [1 + W_-1(-exp(-1 - K t / M))] [mm] under water from the start, in closed form.

    Parameters
    ----------
    time : array_like
        t [h]; the rest as for :func:`green_ampt_rate`.

    References
    ----------
    Barry et al. 1993, doi 10.1029/93WR00770 (Lambert's W in Green and Ampt's equation)
    """
    argument = -np.exp(-1 - conductivity * np.asarray(time) / suction_deficit)
    return -suction_deficit * (1 + lambertw(argument, -1).real)


def curve_number_retention(curve_number):
    """Potential retention 25400/CN - 254 [mm] of a curve number, 30 to 98 (Soil Conservation Service 1972)."""
    return 25400 / np.asarray(curve_number) - 254


def curve_number_runoff(precipitation, retention, abstraction=0.2):
    """Runoff (P - lam S)^2 / (P + (1 - lam) S) of a storm [mm].

    Parameters
    ----------
    precipitation, retention : array_like
        P and S [mm].
    abstraction : float
        Initial abstraction lam over S [-], 0.05 to 0.2.

    References
    ----------
    Soil Conservation Service 1972, National Engineering Handbook, section 4
    """
    excess = np.maximum(np.asarray(precipitation) - abstraction * retention, 0)
    return excess**2 / (excess + retention)


def variable_capacity_runoff(precipitation, content, mean_capacity, shape):
    """Saturation excess P - Wm + W0 + Wm [1 - (i0 + P)/im]^(1+b), with im = Wm (1+b), from unlike point capacities.

    Parameters
    ----------
    precipitation, content : array_like
        P and water held W0 [mm].
    mean_capacity : array_like
        Wm [mm], 50 to 400.
    shape : array_like
        b [-], 0.01 to 0.5.

    Returns
    -------
    array_like
        Runoff [mm].

    References
    ----------
    Zhao et al. 1980; Liang et al. 1994, doi 10.1029/94JD00483
    """
    precipitation = np.asarray(precipitation)
    content = np.clip(content, 0, mean_capacity)
    most = mean_capacity * (1 + shape)
    filled = most * (1 - (1 - content / mean_capacity) ** (1 / (1 + shape)))
    left = np.clip(1 - (filled + precipitation) / most, 0, None)
    return np.maximum(precipitation - (mean_capacity - content) + mean_capacity * left ** (1 + shape), 0)
