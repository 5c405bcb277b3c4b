"""How rain in one place goes with rain in another: neighbours, distances and scales."""

import numba
import numpy as np
from scipy import sparse

from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.statistics.frame import Frame

PRACTICAL = 3  # lengths of an exponential variogram, where it reaches 95 % of its sill
CANDIDATES = 60  # lengths that a variogram is fitted with
EVEN = 1e-10  # of rain: differences that are rounding
LEVELS = 3  # sizes of boxes, at least, that an exponent is fitted to


def morans_i(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Moran's I: whether adjacent cells are alike.

    I = (N / W) sum over pairs of z_i z_j / sum z_i^2 [-], with z rain less its mean over the N valid cells and W the
    number of pairs of valid cells that share an edge. Cells count alike, so that the expectation without any spatial
    order is exactly -1 / (N - 1); 1 is smooth, -1 a checkerboard.

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
        Shape (time,); NaN on dry steps, where rain is the same everywhere, and where no valid cells are adjacent.

    References
    ----------
    Moran 1950, doi 10.2307/2332142
    """
    found = np.full(len(rain), np.nan)
    _morans_i(rain, *Frame.of(cells).neighbours(), threshold, found)
    return found


def variogram_range(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Practical range of the spatial variogram.

    The semivariance at lag h, gamma(h) = sum of (r_i - r_j)^2 / (2 n(h)) over the n(h) pairs of valid cells that are
    h apart, in classes of one cell size up to half the basin's extent, is fitted by s (1 - exp(-h / L)), with weights
    n / h^2 and the sill s free. The practical range, where 95 % of the sill are reached, is 3 L [km].

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
        Shape (time,) [km]. One cell size stands for that or less. NaN on dry steps, where rain is the same everywhere,
        in basins of fewer than 3 lags, and where L is longer than the longest lag: no sill is in sight then.

    Notes
    -----
    All pairs at once from Fourier transforms, so that the cost grows as N log N. A basin that is not much wider than
    the range sees too little of the variance, and the range comes out too small.

    References
    ----------
    Marcotte 1996, doi 10.1016/S0098-3004(96)00026-X; weights as in Pebesma 2004, doi 10.1016/j.cageo.2004.03.012
    """
    frame = Frame.of(cells)
    size = cells.cell_size
    extent = np.hypot(np.ptp(cells.x), np.ptp(cells.y))
    distance = np.hypot(*frame.displacement).ravel()
    lag = np.rint(distance / size).astype(int)
    count = int(extent / 2 / size)
    found = np.full(len(rain), np.nan)
    if count < 3:
        return found
    kept = np.flatnonzero((lag > 0) & (lag <= count))
    classes = sparse.csr_array((np.ones(kept.size), (kept, lag[kept] - 1)), (distance.size, count))
    lengths = np.geomspace(size / PRACTICAL, count * size, CANDIDATES)
    wet = np.flatnonzero((rain >= threshold).any(1))
    for batch in frame.batches(wet.size):
        steps = wet[batch]
        valid = np.isfinite(rain[steps])
        filled = np.where(valid, rain[steps], 0)
        anomaly = np.where(valid, filled - filled.sum(1, keepdims=True) / valid.sum(1, keepdims=True), 0)
        there = frame.spectrum(valid[:1] if valid.all() else valid)
        first, second = frame.spectrum(anomaly), frame.spectrum(anomaly**2)
        # The real part of the spectrum holds both a displacement and its opposite.
        squares = frame.correlate((np.conj(there) * second).real - np.abs(first) ** 2).reshape(steps.size, -1)
        pairs = np.rint(frame.correlate(np.abs(there) ** 2)).reshape(len(there), -1)
        n = pairs @ classes
        h, gamma = (sums @ classes / np.maximum(n, 1) for sums in (pairs * distance, squares))
        length = _fitted(n / np.maximum(h, size / 2) ** 2, h, gamma, lengths)
        even = np.abs(anomaly).max(1) <= EVEN * filled.max(1)
        found[steps] = np.where(even, np.nan, PRACTICAL * length)
    return found


def moment_scaling(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Scaling exponents K(2) and K(3) of moments of rain averaged over boxes.

    M_q(s) = sum over boxes of a (m / p)^q, with m the mean rain of a box of s by s cells, a its share of the area and p
    the areal mean, s = 1, 2, 4 ... up to half the basin's width. Where M_q follows s^(-K(q)), K(q) [-] is less the
    slope of ln M_q against ln s by least squares: 0 for even rain, larger the more that averaging smooths; K(1) is 0.

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
        K(2), K(3); shape (2, time), NaN on dry steps and in basins less than 8 cells wide.

    References
    ----------
    Over and Gupta 1994, doi 10.1175/1520-0450(1994)033<1526:SAOMRD>2.0.CO;2
    """
    frame = Frame.of(cells)
    levels = int(np.log2(max(frame.shape)))
    found = np.full((2, len(rain)), np.nan)
    if levels < LEVELS:
        return found
    boxes = np.stack([frame.boxes(2**level) for level in range(levels)])
    centred = np.log(2) * (np.arange(levels) - (levels - 1) / 2)
    slope = centred / (centred**2).sum()
    _moment_scaling(rain, cells.weight, boxes, slope, threshold, found)
    return found


def _fitted(weight: np.ndarray, h: np.ndarray, gamma: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Length of the exponential variogram that fits best, of shape (time, lag) to (time,); NaN beyond the last one.

    For every candidate the best sill is known in closed form; a parabola through the best three refines the choice.
    """
    shape = 1 - np.exp(-h[..., None] / lengths)
    cross, norm = ((factor[:, None] @ values)[:, 0] for factor, values in ((weight * gamma, shape), (weight, shape**2)))
    explained = cross**2 / norm
    best = explained.argmax(1)
    inner = np.clip(best, 1, len(lengths) - 2)
    low, middle, high = (explained[np.arange(len(best)), inner + k] for k in (-1, 0, 1))
    curvature = np.minimum(low - 2 * middle + high, -np.finfo(float).tiny)
    place = np.where(best == inner, inner + 0.5 * (low - high) / curvature, best)
    return np.where(best == len(lengths) - 1, np.nan, lengths[0] * (lengths[1] / lengths[0]) ** place)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _morans_i(rain: np.ndarray, one: np.ndarray, other: np.ndarray, threshold: float, found: np.ndarray) -> None:
    for t in range(rain.shape[0]):
        count = 0
        total = highest = 0.0
        for r in rain[t]:
            if r == r:
                count += 1
                total += r
                highest = max(highest, r)
        if not highest >= threshold:
            continue
        mean = total / count
        variance = products = 0.0
        for r in rain[t]:
            if r == r:
                variance += (r - mean) ** 2
        pairs = 0
        for k in range(one.size):
            product = (rain[t, one[k]] - mean) * (rain[t, other[k]] - mean)
            if product == product:
                pairs += 1
                products += product
        if pairs and variance > count * (EVEN * highest) ** 2:
            found[t] = count / pairs * products / variance


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _moment_scaling(
    rain: np.ndarray,
    weight: np.ndarray,
    boxes: np.ndarray,
    slope: np.ndarray,
    threshold: float,
    found: np.ndarray,
) -> None:
    area, volume = np.empty(rain.shape[1]), np.empty(rain.shape[1])
    for t in range(rain.shape[0]):
        highest = 0.0
        for r in rain[t]:
            if r > highest:
                highest = r
        if not highest >= threshold:
            continue
        second = third = 0.0
        for level in range(boxes.shape[0]):
            area[:] = 0
            volume[:] = 0
            for i in range(rain.shape[1]):
                r = rain[t, i]
                if r == r:
                    area[boxes[level, i]] += weight[i]
                    volume[boxes[level, i]] += weight[i] * r
            mean = volume.sum() / area.sum()
            of_two = of_three = 0.0
            for a, v in zip(area, volume):  # noqa: B905 - compiled
                if a > 0:
                    m = v / a / mean
                    of_two += a * m * m
                    of_three += a * m * m * m
            second -= slope[level] * np.log(of_two)
            third -= slope[level] * np.log(of_three)
        found[0, t] = second
        found[1, t] = third
