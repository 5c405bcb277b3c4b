"""Where rain falls along the flow distance to a basin's outlet."""

import numba
import numpy as np

from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.statistics.distribution import FREE_SUMS


def spatial_moments(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Spatial moments of catchment rainfall.

    With flow distance d, p_n = sum w r d^n and g_n = sum w d^n over valid cells:

    - delta1 = p1 / (p0 g1) [-]: below 1 rain falls near the outlet, above 1 far from it,
    - delta2 = (p2/p0 - (p1/p0)^2) / (g2 - g1^2) [-]: below 1 rain is concentrated along the flow distance,
    - mean flow distance of rain p1 / p0 [km].

    Parameters
    ----------
    rain : numpy.ndarray
        Shape (time, cell) [mm per step], NaN where missing.
    cells : Cells
    threshold : float
        Least rain of a wet cell [mm per step].

    Returns
    -------
    numpy.ndarray
        delta1, delta2, mean flow distance of rain; shape (3, time), NaN on dry steps and without flow distances. delta2
        is NaN too where all cells are equally far away.

    References
    ----------
    Zoccatelli et al. 2011, doi 10.5194/hess-15-3767-2011
    """
    found = np.full((3, len(rain)), np.nan)
    if cells.distance is not None:
        _spatial_moments(rain, cells.weight, cells.distance, threshold, found)
    return found


def gaps(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Gaps between the width functions of rain and of area.

    F_p(d) and F_a(d) are the shares of rain and of area within flow distance d of the outlet:

    - vertical gap VG = max over d of abs(F_p - F_a) [-],
    - horizontal gap HG = (d_p - d_a) / d_max [-], with d_p and d_a the medians of F_p and F_a and d_max the longest
      distance: positive where rain falls far from the outlet,
    - Wasserstein-1 distance = integral of abs(F_p - F_a) over d [km]: the least mean way that rain would have to be
      moved along the flow to be spread evenly.

    Parameters
    ----------
    rain : numpy.ndarray
        Shape (time, cell) [mm per step], NaN where missing.
    cells : Cells
    threshold : float
        Least rain of a wet cell [mm per step].

    Returns
    -------
    numpy.ndarray
        VG, HG, Wasserstein-1; shape (3, time), NaN on dry steps and without flow distances.

    References
    ----------
    Emmanuel et al. 2015, doi 10.1016/j.jhydrol.2015.04.058
    """
    found = np.full((3, len(rain)), np.nan)
    if cells.distance is not None:
        downstream = np.argsort(cells.distance)
        _gaps(rain, cells.weight, cells.distance, downstream, threshold, found)
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=FREE_SUMS)
def _spatial_moments(
    rain: np.ndarray, weight: np.ndarray, distance: np.ndarray, threshold: float, found: np.ndarray
) -> None:
    for t in range(rain.shape[0]):
        g0 = g1 = g2 = p0 = p1 = p2 = highest = 0.0
        for i in range(rain.shape[1]):
            value = rain[t, i]
            is_valid = value == value
            w = weight[i] if is_valid else 0.0
            r = value if is_valid else 0.0
            d = distance[i]
            g0 += w
            g1 += w * d
            g2 += w * d * d
            p0 += w * r
            p1 += w * r * d
            p2 += w * r * d * d
            highest = max(highest, r)
        if highest >= threshold:
            g1, g2, p1, p2 = g1 / g0, g2 / g0, p1 / p0, p2 / p0
            found[0, t] = p1 / g1
            found[2, t] = p1
            if g2 - g1**2 > 1e-12 * g2:
                found[1, t] = max(p2 - p1**2, 0.0) / (g2 - g1**2)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _gaps(
    rain: np.ndarray,
    weight: np.ndarray,
    distance: np.ndarray,
    downstream: np.ndarray,
    threshold: float,
    found: np.ndarray,
) -> None:
    half = 0.5 - 1e-12
    for t in range(rain.shape[0]):
        area = volume = highest = 0.0
        for i in range(rain.shape[1]):
            if rain[t, i] == rain[t, i]:
                area += weight[i]
                volume += weight[i] * rain[t, i]
                highest = max(highest, rain[t, i])
        if not highest >= threshold:
            continue
        of_area = of_rain = widest = way = reached = 0.0
        median_area = median_rain = -1.0
        for i in downstream:
            if rain[t, i] != rain[t, i]:
                continue
            if distance[i] > reached:
                gap = abs(of_rain - of_area)
                widest = max(widest, gap)
                way += gap * (distance[i] - reached)
                reached = distance[i]
            of_area += weight[i] / area
            of_rain += weight[i] * rain[t, i] / volume
            if median_area < 0 and of_area >= half:
                median_area = distance[i]
            if median_rain < 0 and of_rain >= half:
                median_rain = distance[i]
        found[0, t] = widest
        found[1, t] = (median_rain - median_area) / reached
        found[2, t] = way
