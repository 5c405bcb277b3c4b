"""A basin's cells as a rectangle, for statistics of neighbours, boxes and displacements."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

from hydronexus.precipitation.cells import Cells

BATCH = 2**19  # values of a batch of padded frames


@dataclass(frozen=True)
class Frame:
    """The least rectangle of rows and columns around cells.

    Parameters
    ----------
    row, column : numpy.ndarray of int64
        Place of each cell in it, from 0, shape (cell,).
    step : numpy.ndarray
        Change of x and y [km] by a row (first column) and by a column (second column), shape (2, 2).
    """

    row: np.ndarray
    column: np.ndarray
    step: np.ndarray

    @classmethod
    def of(cls, cells: Cells) -> "Frame":
        """Frame of a basin's cells, whole where they lie across the seam of a global grid."""
        row = cells.row - cells.row.min()
        column = _joined(cells) - _joined(cells).min()
        places = np.column_stack([row, column, np.ones_like(row)])
        step = np.linalg.lstsq(places, np.column_stack([cells.x, cells.y]), rcond=None)[0][:2].T
        return cls(row, column, step)

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.row.max()) + 1, int(self.column.max()) + 1

    @cached_property
    def reach(self) -> tuple[int, int]:
        """Largest displacement in rows and columns that correlations are given for: half the frame."""
        return self.shape[0] // 2, self.shape[1] // 2

    @cached_property
    def displacement(self) -> np.ndarray:
        """x and y [km] of every displacement, shape (2, 2 * reach + 1, 2 * reach + 1); none is in the middle."""
        down, right = (np.arange(-reach, reach + 1) for reach in self.reach)
        return np.einsum("ak,krc->arc", self.step, np.stack(np.meshgrid(down, right, indexing="ij")))

    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of cells with a common edge, each once, as places among the cells."""
        place = np.full(self.shape, -1)
        place[self.row, self.column] = np.arange(self.row.size)
        pairs = [(place[:, :-1], place[:, 1:]), (place[:-1], place[1:])]
        one, other = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
        both = (one >= 0) & (other >= 0)
        return one[both], other[both]

    def boxes(self, side: int) -> np.ndarray:
        """Number of the square box of so many rows and columns that each cell is in, from 0 without gaps."""
        across = -(-self.shape[1] // side)
        return np.unique(self.row // side * across + self.column // side, return_inverse=True)[1]

    def batches(self, steps: int) -> list[slice]:
        """Time steps in batches whose padded frames take a few megabytes."""
        size = max(1, BATCH // (self._padded[0] * self._padded[1]))
        return [slice(start, min(start + size, steps)) for start in range(0, steps, size)]

    def spectrum(self, values: np.ndarray) -> np.ndarray:
        """Fourier transform of values of cells, shape (time, cell); zero elsewhere in the frame."""
        filled = np.zeros((len(values), *self._padded))
        filled[:, self.row, self.column] = values
        return fft.rfft2(filled)

    def correlate(self, product: np.ndarray) -> np.ndarray:
        """Sum over cells of a(place) b(place + displacement), from conj(spectrum of a) * (spectrum of b).

        Returns
        -------
        numpy.ndarray
            Shape (time, 2 * reach + 1, 2 * reach + 1), displacements as in :attr:`displacement`.
        """
        sums = fft.irfft2(product, self._padded)
        down, right = (np.arange(-reach, reach + 1) for reach in self.reach)
        return sums[:, down[:, None], right]

    @cached_property
    def _padded(self) -> tuple[int, int]:
        # Room for the largest displacement: the transform is periodic.
        rows, columns = (fft.next_fast_len(size + reach) for size, reach in zip(self.shape, self.reach, strict=True))
        return rows, columns


def _joined(cells: Cells) -> np.ndarray:
    """Columns, those before the seam of a global grid continued to the left of its first one.

    Cells lie across the seam where their columns leave a gap far wider than the basin is.
    """
    columns = np.unique(cells.column)
    if columns.size < 2:
        return cells.column
    gap = np.diff(columns)
    last = columns[gap.argmax()]
    if gap.max() * cells.cell_size < 2 * (np.ptp(cells.x) + cells.cell_size):
        return cells.column
    return np.where(cells.column > last, cells.column - columns[-1] - 1 + columns[0], cells.column)
