"""CemaNeige, the snow model that goes with GR4J."""

import numba
import numpy as np


@numba.njit(cache=True)
def cemaneige(
    precipitation: np.ndarray,
    temperature: np.ndarray,
    step: float,
    thermal: float,
    melt: float,
    yearly_snow: float,
) -> np.ndarray:
    """Liquid water that reaches the ground: rain and melt of one snow layer.

    Snowfall grows linearly from 0 at 3 degC to all precipitation at -1 degC. The pack warms with the weight
    1 - `thermal` and melts by degree days once at 0 degC; melt is slowed where snow covers only part of the area.

    Parameters
    ----------
    precipitation, temperature : numpy.ndarray
        [mm per step], [degC], shape (time,).
    step : float
        Time step [d].
    thermal : float
        Weight of the pack's own temperature, 0 to 1 [-].
    melt : float
        Degree-day factor [mm d-1 K-1].
    yearly_snow : float
        Mean yearly snowfall [mm].

    Returns
    -------
    numpy.ndarray
        [mm per step]

    References
    ----------
    Valery et al. 2014, doi 10.1016/j.jhydrol.2014.04.058
    """
    threshold = 0.9 * yearly_snow
    pack, cold = 0.0, 0.0
    liquid = np.empty_like(precipitation)
    for t in range(precipitation.shape[0]):
        solid = min(max((3.0 - temperature[t]) / 4.0, 0.0), 1.0)
        pack += solid * precipitation[t]
        cold = min(thermal * cold + (1 - thermal) * temperature[t], 0.0)
        potential = 0.0
        if cold == 0.0 and temperature[t] > 0.0:
            potential = min(melt * temperature[t] * step, pack)
        cover = min(pack / threshold, 1.0) if threshold > 0 else 1.0
        melted = (0.9 * cover + 0.1) * potential
        pack -= melted
        liquid[t] = (1 - solid) * precipitation[t] + melted
    return liquid
