"""Limits that soil and climate set on evapotranspiration; its potential comes from pyet."""

import numpy as np


def feddes(demand, content, wilting, onset):
    """Transpiration E min(1, (S - Sw) / (S* - Sw)), none below Sw [mm].

    Parameters
    ----------
    demand : array_like
        Potential evapotranspiration E [mm].
    content, wilting, onset : array_like
        Soil water S, at the wilting point Sw, and S* below which it limits [mm].

    References
    ----------
    Feddes et al. 1978, Simulation of Field Water Use and Crop Yield
    """
    return demand * np.clip((np.asarray(content) - wilting) / (onset - wilting), 0, 1)


def fu(aridity, shape):
    """Long-term evaporation over precipitation 1 + phi - (1 + phi^w)^(1/w) [-].

    Parameters
    ----------
    aridity : array_like
        phi, potential evapotranspiration over precipitation [-].
    shape : array_like
        w [-], 1.5 to 4.

    References
    ----------
    Fu 1981; Zhang et al. 2004, doi 10.1029/2003WR002710
    """
    aridity = np.asarray(aridity)
    return 1 + aridity - (1 + aridity**shape) ** (1 / shape)
