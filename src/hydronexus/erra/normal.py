"""Normal equations block by block: the rows of one block are all that is ever held of the design matrix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, Union

import dask
import numpy as np
from dask.delayed import Delayed

from hydronexus.erra.design import Layout, broken_stick, rows

if TYPE_CHECKING:
    import dask.array as da

Array: TypeAlias = Union[np.ndarray, "da.Array"]
FAN_IN = 8  # blocks added at once


@dataclass(frozen=True)
class Record:
    """Series to analyse.

    Parameters
    ----------
    precipitation : numpy.ndarray or dask.array.Array
        [mm per step], shape (source, time).
    streamflow : numpy.ndarray or dask.array.Array
        [mm per step], shape (time,).
    knots : numpy.ndarray
        From zero up to the largest value of every source [mm per step], shape (source, segment + 1).
    block : int
        Rows per block.
    """

    precipitation: Array
    streamflow: Array
    knots: np.ndarray
    block: int

    def layout(self, lags: int, order: int) -> Layout:
        """Columns for a response of `lags` lags and noise of order `order`."""
        sources, edges = self.knots.shape
        return Layout(sources * (edges - 1), lags, order)

    def blocks(self, reach: int) -> Iterator[slice]:
        """Blocks of rows, each of which can look back `reach` steps.

        Raises
        ------
        ValueError
            If there is no such row.
        """
        steps = self.streamflow.shape[0]
        if steps <= reach:
            raise ValueError(f"a record of {steps} steps is too short: a row looks back {reach} steps; give fewer lags")
        for first in range(reach, steps, self.block):
            yield slice(first, min(first + self.block, steps))

    def map(self, function: Callable, reach: int, *others: np.ndarray) -> list[Delayed]:
        """`function` of precipitation and streamflow of every block and `reach` steps before, and of others' rows."""
        return [
            dask.delayed(function)(
                self.precipitation[:, rows.start - reach : rows.stop],
                self.streamflow[rows.start - reach : rows.stop],
                *(other[rows] for other in others),
            )
            for rows in self.blocks(reach)
        ]


def grams(record: Record, layout: Layout, weights: np.ndarray | None = None) -> list[Delayed]:
    """Z'WZ of every block, where Z holds the complete rows, streamflow as the last column.

    Parameters
    ----------
    record : Record
    layout : Layout
    weights : numpy.ndarray, optional
        Of every time step, shape (time,).

    Returns
    -------
    list of dask.delayed.Delayed
        Each of shape (layout.size + 1, layout.size + 1).
    """
    others = () if weights is None else (weights,)
    return record.map(partial(_gram, knots=record.knots, layout=layout), layout.reach, *others)


def _gram(
    precipitation: np.ndarray,
    streamflow: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    knots: np.ndarray,
    layout: Layout,
) -> np.ndarray:
    table = rows(precipitation, streamflow, knots, layout)
    complete = np.isfinite(table).all(1)
    table = table[complete]
    return table.T @ table if weights is None else (table.T * weights[complete]) @ table


def total(parts: list[Delayed]) -> np.ndarray:
    """Sum as a tree, so that blocks are given up as they are added."""
    while len(parts) > 1:
        parts = [dask.delayed(sum)(parts[i : i + FAN_IN]) for i in range(0, len(parts), FAN_IN)]
    return parts[0].compute()


def residuals(record: Record, layout: Layout, coefficients: np.ndarray) -> np.ndarray:
    """Streamflow less what the regression gives [mm per step], shape (time,); NaN where a row is not complete."""

    def of_block(precipitation: np.ndarray, streamflow: np.ndarray) -> np.ndarray:
        table = rows(precipitation, streamflow, record.knots, layout)
        return table[:, -1] - table[:, :-1] @ coefficients

    parts = dask.compute(*record.map(of_block, layout.reach))
    return np.concatenate([np.full(layout.reach, np.nan), *parts])


def intensities(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Where precipitation lies in its segments.

    Returns
    -------
    share : numpy.ndarray
        Mean of every part of the broken stick over mean precipitation [-], shape (source, segment).
    centre : numpy.ndarray
        Precipitation-weighted mean of precipitation within every segment [mm per step], shape (source, segment).
    """

    def of_block(precipitation: np.ndarray, _: np.ndarray) -> np.ndarray:
        known = np.nan_to_num(precipitation)
        parts = broken_stick(known, record.knots)
        within = (parts > 0) & (known[:, None] <= record.knots[:, 1:, None])
        inside = np.where(within, known[:, None], 0.0)
        return np.stack([parts.sum(-1), inside.sum(-1), (inside**2).sum(-1)])

    parts, inside, squares = total(record.map(of_block, 0))
    if (inside == 0).any():
        source, segment = np.argwhere(inside == 0)[0]
        low, high = record.knots[source, segment : segment + 2]
        raise ValueError(
            f"precipitation source {source} is never within ({low:g}, {high:g}] mm per step; "
            "give fewer or other knots, or take them from choose_knots"
        )
    return parts / parts.sum(1, keepdims=True), squares / inside
