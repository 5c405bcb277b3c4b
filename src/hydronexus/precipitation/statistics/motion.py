"""How fast rain moves: over the ground from step to step, and along the flow of a basin over a storm."""

import numpy as np

from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.statistics.frame import Frame

MATCH = 0.5  # least correlation of a field with the next one, for rain to be taken as moving
OVERLAP = 0.5  # least share of the basin's cells that are compared at a displacement
EVEN = 1e-12  # of rain squared: variance that is rounding


def motion(rain: np.ndarray, cells: Cells, threshold: float) -> np.ndarray:
    """Displacement of the rain field since the step before.

    The displacement with the highest correlation between rain of the step before and rain of this step, over those
    cells that both fields have then, refined by a parabola through neighbouring displacements along rows and columns.

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
        Eastward and northward displacement, shape (2, time) [km per step]. NaN on the first step, where this step or
        the one before is dry, and where no displacement of up to half the basin gives a correlation of 0.5: rain moved
        on faster, or changed too much.

    Notes
    -----
    It takes a basin of many cells and steps in which rain moves by less than its own width: sums over longer steps, and
    rain bound to mountains, look as though they stood still. A record that is worked on in blocks has no motion at the
    first step of each.

    References
    ----------
    Padfield 2012, doi 10.1109/TIP.2011.2181402
    """
    frame = Frame.of(cells)
    found = np.full((2, len(rain)), np.nan)
    if min(frame.shape) < 3:
        return found
    valid = np.isfinite(rain)
    wet = (rain >= threshold).any(1)
    after = np.flatnonzero(wet[1:] & wet[:-1]) + 1
    for batch in frame.batches(after.size):
        steps = after[batch]
        found[:, steps] = _displacement(frame, rain, valid, steps)
    return found


def velocity(east: np.ndarray, north: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Speed and direction of motion.

    Parameters
    ----------
    east, north : numpy.ndarray
        Displacement [km per step], or means of it: components average where directions do not.
    step : float
        Time step [h].

    Returns
    -------
    speed : numpy.ndarray
        [km h-1]
    direction : numpy.ndarray
        That rain moves towards, clockwise from north [degree], 0 to 360.
    """
    return np.hypot(east, north) / step, np.degrees(np.arctan2(east, north)) % 360


def catchment_velocity(mean: np.ndarray, rain_distance: np.ndarray, step: float) -> float:
    """Storm velocity along the flow of a basin, over one storm.

    V = (cov[T, w d] - D cov[T, w]) / var[T] [km h-1], with T time, w rain of a step over the mean of all, d its mean
    flow distance (g1 delta1), D the mean of w d, over the steps of the storm: positive where rain moves away from the
    outlet. For steady rain it is the slope of d against T.

    Parameters
    ----------
    mean : numpy.ndarray
        Areal mean [mm per step], shape (time,), evenly spaced, of one storm.
    rain_distance : numpy.ndarray
        Mean flow distance of rain [km]; any value where there is none.
    step : float
        Time step [h].

    Returns
    -------
    float
        NaN with fewer than two steps, without rain, or where a step with rain has no flow distance.

    References
    ----------
    Zoccatelli et al. 2011, doi 10.5194/hess-15-3767-2011
    """
    if len(mean) < 2 or not mean.sum() > 0:
        return np.nan
    time = step * (np.arange(len(mean)) - (len(mean) - 1) / 2)
    weight = mean / mean.mean()
    distance = np.where(mean > 0, weight * rain_distance, 0)
    return float((time * (distance - distance.mean() * weight)).mean() / (time**2).mean())


def _displacement(frame: Frame, rain: np.ndarray, valid: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Displacement at each of some steps since the one before, shape (2, step) [km]."""
    correlation = _correlation(frame, rain[steps - 1], rain[steps], valid[steps - 1], valid[steps])
    rows, columns = correlation.shape[1:]
    row, column = np.divmod(correlation.reshape(len(steps), -1).argmax(1), columns)
    at = np.arange(len(steps))
    peak = correlation[at, row, column]
    inner = (row > 0) & (row < rows - 1) & (column > 0) & (column < columns - 1) & (peak >= MATCH)
    row, column = np.clip(row, 1, rows - 2), np.clip(column, 1, columns - 2)
    row_shift = _vertex(*(correlation[at, row + k, column] for k in (-1, 0, 1)))
    column_shift = _vertex(*(correlation[at, row, column + k] for k in (-1, 0, 1)))
    moved = frame.step @ np.stack([row + row_shift - frame.reach[0], column + column_shift - frame.reach[1]])
    return np.where(inner, moved, np.nan)


def _correlation(
    frame: Frame, before: np.ndarray, after: np.ndarray, valid_before: np.ndarray, valid_after: np.ndarray
) -> np.ndarray:
    """Correlation at every displacement over the cells that overlap; -1 where too few do or rain is even."""
    complete = valid_before.all() and valid_after.all()
    least, spectra = [], []
    for rain, valid in ((before, valid_before), (after, valid_after)):
        filled = np.where(valid, rain, 0)
        anomaly = np.where(valid, filled - filled.sum(1, keepdims=True) / valid.sum(1, keepdims=True), 0)
        least.append(EVEN * frame.row.size * (filled**2).max(1)[:, None, None])
        there = frame.spectrum(valid[:1] if complete else valid)
        spectra.append((there, frame.spectrum(anomaly), frame.spectrum(anomaly**2)))
    (there_1, first_1, second_1), (there_2, first_2, second_2) = spectra
    n = np.rint(frame.correlate(np.conj(there_1) * there_2))
    enough = n >= OVERLAP * frame.row.size
    n = np.maximum(n, 1)
    sum_1, sum_2 = frame.correlate(np.conj(first_1) * there_2), frame.correlate(np.conj(there_1) * first_2)
    variance_1 = frame.correlate(np.conj(second_1) * there_2) - sum_1**2 / n
    variance_2 = frame.correlate(np.conj(there_1) * second_2) - sum_2**2 / n
    covariance = frame.correlate(np.conj(first_1) * first_2) - sum_1 * sum_2 / n
    defined = enough & (variance_1 > least[0]) & (variance_2 > least[1])
    return np.where(defined, covariance / np.sqrt(np.where(defined, variance_1 * variance_2, 1)), -1)


def _vertex(low: np.ndarray, middle: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Place of the top of a parabola through three neighbours, -0.5 to 0.5 around the middle one."""
    curvature = low - 2 * middle + high
    return np.where(curvature < 0, 0.5 * (low - high) / np.where(curvature < 0, curvature, 1), 0).clip(-0.5, 0.5)
