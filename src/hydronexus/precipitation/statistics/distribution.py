"""How unevenly rain falls on a basin's area, wherever it falls."""

import numba
import numpy as np

from hydronexus.precipitation.cells import Cells

BLOCK = 2**13  # values worked on at once: they stay in a core's cache, and in memory that is not given back each time
QUANTILES = (0.1, 0.5, 0.9)
# Sums may be reordered, so that they run in vector registers; NaN keeps its meaning.
FREE_SUMS = {"reassoc", "contract"}


def moments(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Mean, CV and Theil index, with what else one pass over cells gives.

    With V = sum w over valid cells, mean p = sum w r / V [mm per step], and wet fraction mu = sum w / V over wet cells:

    - CV = sqrt(sum w r^2 / (V p^2) - 1) [-],
    - conditional CV: the same over wet cells alone; 1 + CV^2 = (1 + CVc^2) / mu where dry cells have no rain at all,
    - areal reduction, centred on the storm: p / max r [-],
    - Theil T = sum w (r/p) ln(r/p) / V [-], between 0 and -ln of the smallest weight.

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
        Valid fraction, mean, CV, conditional CV, wet fraction, maximum, areal reduction, Theil; shape (8, time). CVs,
        areal reduction and Theil are NaN on dry steps, all but the first where every cell is missing.

    References
    ----------
    Theil 1967, Economics and Information Theory, North-Holland
    """
    found = np.empty((8, len(rain)))
    for steps in _blocks(rain):
        # Several times faster than one by one in the loop; any finite number will do where there is no rain.
        logarithm = np.log(np.fmax(rain[steps], np.finfo(rain.dtype).tiny))
        _moments(rain[steps], logarithm, cells.weight, threshold, found[:, steps])
    return found


def order(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Gini index and quantiles of rain over area.

    With cells in ascending order of rain, F_i and L_i the share of area and of rain up to cell i, Gini
    G = 1 - sum (F_i - F_(i-1)) (L_i + L_(i-1)) [-]; the quantile at q is the rain of the first cell with F_i >= q.

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
        Gini [-] and quantiles at 0.1, 0.5 and 0.9 of the area [mm per step], shape (4, time). Gini is NaN on dry steps,
        all where every cell is missing.

    Notes
    -----
    Rain is rounded to single precision, as grids store it: value and place of a cell then make one integer, and
    integers are what numpy sorts fastest. Bits of floats that are not negative are in the order of their values.

    References
    ----------
    Gini 1912, Variabilita e mutabilita
    """
    found = np.empty((4, len(rain)))
    place = np.arange(rain.shape[1], dtype=np.uint64)
    for steps in _blocks(rain):
        # Zero is added for negative zeros, whose bits are those of a large number.
        keys = (rain[steps].astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
        keys <<= np.uint64(32)
        keys |= place
        keys.sort(axis=1)
        _order(keys, rain[steps], cells.weight, threshold, np.array(QUANTILES), found[:, steps])
    return found


def _blocks(rain: np.ndarray) -> list[slice]:
    size = max(1, BLOCK // rain.shape[1])
    return [slice(start, start + size) for start in range(0, len(rain), size)]


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=FREE_SUMS)
def _moments(rain: np.ndarray, logarithm: np.ndarray, weight: np.ndarray, threshold: float, found: np.ndarray) -> None:
    for t in range(rain.shape[0]):
        valid = first = second = entropy = wet = wet_first = wet_second = highest = 0.0
        for i in range(rain.shape[1]):
            value = rain[t, i]
            is_valid, is_wet = value == value, value >= threshold
            w = weight[i] if is_valid else 0.0
            r = value if is_valid else 0.0
            w_wet = w if is_wet else 0.0
            valid += w
            first += w * r
            second += w * r * r
            entropy += w * r * logarithm[t, i]
            wet += w_wet
            wet_first += w_wet * r
            wet_second += w_wet * r * r
            highest = max(highest, r)
        found[:, t] = np.nan
        found[0, t] = valid
        if valid > 0:
            mean = first / valid
            found[1, t] = mean
            found[4, t] = wet / valid
            found[5, t] = highest
            if wet > 0:
                found[2, t] = np.sqrt(max(second / valid / mean**2 - 1, 0.0))
                found[3, t] = np.sqrt(max(wet_second * wet / wet_first**2 - 1, 0.0))
                found[6, t] = mean / highest
                found[7, t] = max(entropy / first - np.log(mean), 0.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _order(
    keys: np.ndarray,
    rain: np.ndarray,
    weight: np.ndarray,
    threshold: float,
    quantiles: np.ndarray,
    found: np.ndarray,
) -> None:
    for t in range(keys.shape[0]):
        area = volume = lorenz = 0.0
        count = 0
        for key in keys[t]:
            i = key & np.uint64(0xFFFFFFFF)
            r = rain[t, i]
            if r != r:
                break
            w = weight[i]
            lorenz += w * (2 * volume + w * r)
            area += w
            volume += w * r
            count += 1
        found[:, t] = np.nan
        if count == 0:
            continue
        if rain[t, keys[t, count - 1] & np.uint64(0xFFFFFFFF)] >= threshold:
            found[0, t] = 1 - lorenz / (area * volume)
        below = 0.0
        q = 0
        for key in keys[t, :count]:
            i = key & np.uint64(0xFFFFFFFF)
            below += weight[i]
            while q < len(quantiles) and below >= (quantiles[q] - 1e-12) * area:
                found[1 + q, t] = rain[t, i]
                q += 1
            if q == len(quantiles):
                break
