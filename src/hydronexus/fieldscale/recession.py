"""Recession of streamflow from a nonlinear reservoir."""

import numpy as np


def recession_parameters(coefficient, exponent):
    """a, n of -dQ/dt = a Q^n for a reservoir Q = c S^b: n = (2b-1)/b, a = b c^(1/b).

    Parameters
    ----------
    coefficient, exponent : array_like
        c and b.

    References
    ----------
    Brutsaert and Nieber 1977, doi 10.1029/WR013i003p00637
    """
    exponent = np.asarray(exponent)
    return exponent * np.asarray(coefficient) ** (1 / exponent), (2 * exponent - 1) / exponent


def storage(time, initial, coefficient, exponent):
    """S(t) = [S0^(1-b) + (b-1) c t]^(1/(1-b)) of a reservoir Q = c S^b without inflow (oracle O14), b > 1."""
    power = 1 - exponent
    return (initial**power - power * coefficient * np.asarray(time)) ** (1 / power)
