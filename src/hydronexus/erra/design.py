"""Columns of the regression: precipitation as a broken stick, lagged, beside lagged streamflow."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Order of the columns: intercept, every channel at every lag, earlier streamflow, and streamflow itself last.

    Parameters
    ----------
    channels : int
        Sources times segments.
    lags : int
        Lags of the wanted response, from 0.
    order : int
        Order h of the autoregressive noise; it takes as many lags of precipitation more, and of streamflow.
    """

    channels: int
    lags: int
    order: int

    @property
    def taps(self) -> int:
        """Lags of precipitation in the regression."""
        return self.lags + self.order

    @property
    def reach(self) -> int:
        """Steps before a row that it needs."""
        return self.taps - 1

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return 1 + self.channels * self.taps + self.order

    def of_order(self, order: int) -> Self:
        """The same columns for noise of another order."""
        return replace(self, order=order)

    def columns_of(self, order: int) -> np.ndarray:
        """Where the columns of a lower order, streamflow included, are among these."""
        taps = 1 + np.arange(self.channels)[:, None] * self.taps + np.arange(self.lags + order)
        flows = 1 + self.channels * self.taps + np.arange(order)
        return np.concatenate([[0], taps.ravel(), flows, [self.size]])

    def responses(self, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients of precipitation by channel and lag, shape (channel, taps)."""
        return coefficients[1 : 1 + self.channels * self.taps].reshape(self.channels, self.taps)

    def autoregression(self, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients of earlier streamflow, shape (order,)."""
        return coefficients[1 + self.channels * self.taps :]


def choose_knots(precipitation: np.ndarray, segments: int) -> np.ndarray:
    """Inner knots such that every segment of intensity holds the same share of a source's precipitation.

    Parameters
    ----------
    precipitation : array_like
        [mm per step], shape (time,) or (source, time); NaN where missing.
    segments : int
        Number of segments, 2 or more.

    Returns
    -------
    numpy.ndarray
        [mm per step], shape (source, segments - 1), for :func:`hydronexus.erra.erra`.

    Raises
    ------
    ValueError
        If a source holds too few different amounts.
    """
    shares = np.arange(1, segments) / segments
    found = []
    for number, values in enumerate(np.atleast_2d(np.asarray(precipitation, float))):
        wet = values[values > 0]
        knots = np.quantile(wet, shares, weights=wet, method="inverted_cdf") if wet.size else np.empty(0)
        if not wet.size or (np.diff(knots, append=wet.max()) <= 0).any():
            raise ValueError(f"source {number}: too few different amounts for {segments} segments; ask for fewer")
        found.append(knots)
    return np.array(found)


def broken_stick(precipitation: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Part of precipitation within each segment: max(0, min(P - k[l-1], k[l] - k[l-1])) (Kirchner 2024).

    Parameters
    ----------
    precipitation : numpy.ndarray
        [mm per step], shape (source, time).
    knots : numpy.ndarray
        From zero up to the largest value [mm per step], shape (source, segment + 1).

    Returns
    -------
    numpy.ndarray
        Shape (source, segment, time); the sum over segments is precipitation, and NaN stays NaN.

    Examples
    --------
    >>> broken_stick(np.array([[0.0, 3.0, 7.0]]), np.array([[0.0, 5.0, 10.0]])).tolist()
    [[[0.0, 3.0, 5.0], [0.0, 0.0, 2.0]]]
    """
    above = precipitation[:, None, :] - knots[:, :-1, None]
    return np.clip(above, 0.0, np.diff(knots)[..., None])


def rows(precipitation: np.ndarray, streamflow: np.ndarray, knots: np.ndarray, layout: Layout) -> np.ndarray:
    """Rows of the regression, from the first whose past is there, with NaN where a value is missing.

    Parameters
    ----------
    precipitation : numpy.ndarray
        [mm per step], shape (source, time).
    streamflow : numpy.ndarray
        [mm per step], shape (time,).
    knots : numpy.ndarray
        As for :func:`broken_stick`.
    layout : Layout

    Returns
    -------
    numpy.ndarray
        Shape (time - layout.reach, layout.size + 1), columns as `layout` says.
    """
    channels = broken_stick(precipitation, knots).reshape(layout.channels, -1)
    lagged = np.lib.stride_tricks.sliding_window_view(channels, layout.taps, axis=1)[..., ::-1]
    flows = np.lib.stride_tricks.sliding_window_view(streamflow, layout.order + 1)[layout.lags - 1 :, ::-1]
    past = lagged.transpose(1, 0, 2).reshape(len(flows), -1)
    return np.concatenate([np.ones((len(flows), 1)), past, flows[:, 1:], flows[:, :1]], axis=1)
