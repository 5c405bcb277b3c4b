"""Drainage of a soil under gravity: its hydraulic conductivity."""

import numpy as np


def clapp_hornberger(saturation, conductivity, exponent):
    """Conductivity Ks s^(2b+3).

    Parameters
    ----------
    saturation : array_like
        s [-].
    conductivity : array_like
        Ks, in whose units the result is.
    exponent : array_like
        b [-], 4 (sand) to 11.4 (clay).

    References
    ----------
    Clapp and Hornberger 1978, doi 10.1029/WR014i004p00601
    """
    return conductivity * np.clip(saturation, 0, None) ** (2 * np.asarray(exponent) + 3)


def brooks_corey(saturation, residual, conductivity, pore_size):
    """Conductivity Ks Se^(3 + 2/lam), with effective saturation Se = (s - sr) / (1 - sr).

    Parameters
    ----------
    saturation, residual : array_like
        s, sr [-].
    conductivity : array_like
        Ks, in whose units the result is.
    pore_size : array_like
        lam [-], 0.1 to 0.7.

    References
    ----------
    Brooks and Corey 1964, Hydrology Paper 3, Colorado State University
    """
    effective = np.clip((np.asarray(saturation) - residual) / (1 - residual), 0, None)
    return conductivity * effective ** (3 + 2 / np.asarray(pore_size))
