"""Statistics of all basins in one pass over a grid of any size, by Dask, taken up where a run was cut."""

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import numba
import numpy as np
import xarray as xr
from dask.delayed import Delayed
from dask.distributed import CancelledError, Client, Future, KilledWorker, as_completed

from hydronexus import archive
from hydronexus.errors import GridError, HydronexusError
from hydronexus.precipitation.cells import Cells
from hydronexus.precipitation.grids import Grid
from hydronexus.precipitation.statistics import Family

log = logging.getLogger(__name__)

BLOCK_STEPS = 240  # fewer steps at once, and overhead outweighs the work
BATCH_BYTES = 64e6  # of gathered rain that one task computes statistics from
BLOCK_BYTES = 512e6  # of gathered rain of one block of steps
RETRIES = 3  # of a task whose read failed
TELL_EVERY = 5  # seconds


@dataclass(frozen=True)
class Region:
    """Cells of basins within one spatial chunk of a grid.

    Parameters
    ----------
    chunk : tuple of int
        Row and column of the chunk.
    cells : dict of (numpy.ndarray, numpy.ndarray)
        By basin: places in the flattened chunk, and the same cells' places among the basin's own.
    """

    chunk: tuple[int, int]
    cells: dict[str, tuple[np.ndarray, np.ndarray]]


def regions(sizes: tuple[Sequence[int], Sequence[int]], basins: Iterable[Cells]) -> list[Region]:
    """Which cells to take from which spatial chunk; chunks without a basin are never read.

    Parameters
    ----------
    sizes : tuple
        Chunk sizes along y and along x.
    basins : iterable of Cells
    """
    edges = [np.cumsum([0, *along]) for along in sizes]
    found: dict[tuple[int, int], dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for basin in basins:
        rows = np.searchsorted(edges[0], basin.row, "right") - 1
        columns = np.searchsorted(edges[1], basin.column, "right") - 1
        for chunk in sorted(set(zip(rows.tolist(), columns.tolist(), strict=True))):
            own = np.flatnonzero((rows == chunk[0]) & (columns == chunk[1]))
            y, x = basin.row[own] - edges[0][chunk[0]], basin.column[own] - edges[1][chunk[1]]
            found.setdefault(chunk, {})[basin.basin] = (y * sizes[1][chunk[1]] + x, own)
    return [Region(chunk, found[chunk]) for chunk in sorted(found)]


def blocks(sizes: Sequence[int], cells: int) -> list[tuple[int, int]]:
    """First and last step (exclusive) of what is worked on together: whole chunks of the grid, enough of them.

    Parameters
    ----------
    sizes : sequence of int
        Steps of every chunk.
    cells : int
        Cells of all basins, which bound what a block holds in memory.
    """
    most = BLOCK_BYTES / (4 * max(1, cells))
    found, start, stop = [], 0, 0
    for size in sizes:
        if stop > start and (stop - start >= BLOCK_STEPS or stop - start + size > most):
            found.append((start, stop))
            start = stop
        stop += size
    return [*found, (start, stop)]


def batches(basins: Sequence[Cells], steps: int) -> list[list[Cells]]:
    """Basins whose statistics one task computes: few enough to fit in memory."""
    most = BATCH_BYTES / (8 * steps)
    found: list[list[Cells]] = []
    held = np.inf
    for basin in basins:
        if held + len(basin.index) > most:
            found.append([])
            held = 0
        found[-1].append(basin)
        held += len(basin.index)
    return found


def _itself(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Rain:
    """Rain of some cells, without the steps on which none of them has any.

    Parameters
    ----------
    raining : numpy.ndarray of bool
        Steps on which a cell has rain, or none that is known; shape (time,).
    values : numpy.ndarray
        Of those steps, shape (raining time, cell) [mm per step].
    """

    raining: np.ndarray
    values: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence["Rain"]) -> "Rain":
        """Parts that follow one another in time."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("raining", "values")))

    def dense(self) -> np.ndarray:
        """All steps, shape (time, cell)."""
        rain = np.zeros((len(self.raining), self.values.shape[1]), self.values.dtype)
        rain[self.raining] = self.values
        return rain


def gather(block: np.ndarray, region: Region) -> dict[str, Rain]:
    """Rain of every basin's cells in a chunk of shape (time, y, x)."""
    flat = np.ascontiguousarray(block).reshape(len(block), -1)
    somewhere = flat.any(axis=1)
    return {basin: Rain(*_taken(flat, somewhere, places)) for basin, (places, _) in region.cells.items()}


@numba.njit(cache=True, nogil=True)
def _taken(rain: np.ndarray, somewhere: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raining = np.zeros(len(rain), np.bool_)
    for t in np.flatnonzero(somewhere):
        for place in places:
            if rain[t, place] != 0:
                raining[t] = True
                break
    values = np.empty((raining.sum(), len(places)), rain.dtype)
    row = 0
    for t in range(len(rain)):
        if raining[t]:
            for i, place in enumerate(places):
                values[row, i] = rain[t, place]
            row += 1
    return raining, values


def describe(
    gathered: Sequence[Sequence[dict[str, Rain]]],
    around: Sequence[Region],
    batch: Sequence[Cells],
    families: Sequence[Family],
    threshold: float,
    before: bool,
) -> np.ndarray:
    """Statistics of some basins.

    Parameters
    ----------
    gathered : sequence of sequence of dict
        Results of :func:`gather`, by chunk of time and by region.
    around : sequence of Region
    batch : sequence of Cells
    families : sequence of Family
    threshold : float
        Least rain of a wet cell [mm per step].
    before : bool
        Whether the first step is the last of the block before, which statistics of change read and which has its
        results already.

    Returns
    -------
    numpy.ndarray
        Shape (basin, statistic, time), float32.
    """
    found = []
    for basin in batch:
        rain = Rain.joined([_of_basin(basin, held, around) for held in gathered])
        values = np.concatenate([_values(family, rain, basin, threshold) for family in families])
        found.append(values[:, int(before) :].astype(np.float32))
    return np.stack(found)


def _of_basin(basin: Cells, held: Sequence[dict[str, Rain]], around: Sequence[Region]) -> Rain:
    """Rain of a basin's cells in their order, from the regions it lies in."""
    pieces = [
        (region.cells[basin.basin][1], rain[basin.basin])
        for region, rain in zip(around, held, strict=True)
        if basin.basin in region.cells
    ]
    if len(pieces) == 1:
        return pieces[0][1]
    raining = np.any([rain.raining for _, rain in pieces], axis=0)
    values = np.zeros((raining.sum(), len(basin.index)), np.float32)
    row = np.cumsum(raining) - 1
    for own, rain in pieces:
        values[np.ix_(row[rain.raining], own)] = rain.values
    return Rain(raining, values)


def _values(family: Family, rain: Rain, basin: Cells, threshold: float) -> np.ndarray:
    """Statistics of a family, shape (output, time); those of steps without rain are alike and found once."""
    if family.looks_back:
        return np.atleast_2d(family.function(rain.dense(), basin, threshold))
    one_dry = np.zeros((1, len(basin.index)), rain.values.dtype)
    found = np.atleast_2d(family.function(np.concatenate([rain.values, one_dry]), basin, threshold))
    values = np.repeat(found[:, -1:], len(rain.raining), axis=1)
    values[:, rain.raining] = found[:, :-1]
    return values


class Sweep:
    """One pass over a grid; every block of steps is a file, so that a run that was cut goes on with the missing ones.

    Parameters
    ----------
    grid : Grid
    basins : sequence of Cells
    families : sequence of Family
        Statistics to compute.
    threshold : float
        Least rain of a wet cell [mm per step].
    folder : pathlib.Path
        For what is done; a sweep of other data or settings keeps to a folder of its own inside it.
    identity : str
        Of the grid's data, where the same name may come to hold others.
    """

    def __init__(
        self,
        grid: Grid,
        basins: Sequence[Cells],
        families: Sequence[Family],
        threshold: float,
        folder: Path,
        identity: str = "",
    ):
        self.rain, self.families, self.threshold = grid.precipitation, families, threshold
        self.source = grid.source
        # In the grid's order, so that basins of one task lie together.
        self.basins = sorted(basins, key=lambda basin: (int(basin.row.min()), int(basin.column.min())))
        self.names = [output.name for family in families for output in family.outputs]
        times, *space = self.rain.chunks
        self.regions = regions(tuple(space), self.basins)
        self.blocks = blocks(times, sum(len(basin.index) for basin in self.basins))
        self.folder = folder / self._fingerprint(grid.source + identity)

    def run(self, client: Client) -> xr.Dataset:
        """Compute what is missing, with progress in the log; returns all statistics (basin, time), loaded."""
        missing = [block for block in self.blocks if not self._file(block).exists()]
        if len(missing) < len(self.blocks):
            log.info("%d of %d blocks are there from before", len(self.blocks) - len(missing), len(self.blocks))
        if missing:
            self._compute(missing, client)
        parts = [archive.read(self._file(block)) for block in self.blocks]
        return xr.concat(parts, "time")["statistics"].to_dataset("statistic")

    def clear(self) -> None:
        """Remove the files of this sweep."""
        for block in self.blocks:
            self._file(block).unlink(missing_ok=True)
        if self.folder.exists():
            self.folder.rmdir()

    def _compute(self, missing: list[tuple[int, int]], client: Client) -> None:
        tasks = batches(self.basins, max(stop - start for start, stop in missing))
        # Sent once, for thousands of blocks read the same cells; as tasks, because scattered data die with a worker.
        regions_there = client.map(_itself, self.regions, pure=False)
        tasks_there = client.map(_itself, tasks, pure=False)
        near = [
            [place for place, region in enumerate(self.regions) if any(one.basin in region.cells for one in batch)]
            for batch in tasks
        ]
        queue = iter(missing)
        under_way: dict[Future, tuple[tuple[int, int], str]] = {}
        running = as_completed()

        def submit() -> None:
            """Keep a block under way on every worker that there is by now, and one more in waiting."""
            workers = list(client.scheduler_info(n_workers=-1)["workers"])
            while len(under_way) <= len(workers) and (block := next(queue, None)) is not None:
                busy = [worker for _, worker in under_way.values()]
                # All of a block on one worker: rain that travels between workers costs as much as the work on it.
                worker = min(workers, key=busy.count, default="")
                held, before = self._gathered(block, regions_there)
                parts = [
                    dask.delayed(describe, pure=False)(
                        [[row[place] for place in places] for row in held],
                        [regions_there[place] for place in places],
                        batch,
                        self.families,
                        self.threshold,
                        before,
                    )
                    for batch, places in zip(tasks_there, near, strict=True)
                ]
                future = client.compute(
                    dask.delayed(np.concatenate, pure=False)(parts),
                    retries=RETRIES,
                    workers=worker or None,
                    allow_other_workers=True,
                )
                under_way[future] = block, worker
                running.add(future)

        submit()
        begin = told = time.monotonic()
        for done, future in enumerate(running, 1):
            block, _ = under_way.pop(future)
            self._write(block, self._result(future, block))
            submit()
            now = time.monotonic()
            if done == len(missing) or now - told > TELL_EVERY:
                told, left = now, (now - begin) / done * (len(missing) - done)
                log.info("precipitation: %d of %d blocks, about %.0f s left", done, len(missing), left)

    def _result(self, future: Future, block: tuple[int, int]) -> np.ndarray:
        """Statistics of a block; what a library says of damaged data becomes an error that names them."""
        try:
            return future.result()
        except (HydronexusError, MemoryError, KilledWorker, CancelledError):
            raise
        except Exception as error:
            first, last = self.rain["time"].values[[block[0], block[1] - 1]].astype("datetime64[m]")
            raise GridError(
                f"{self.source}: rain from {first} to {last} cannot be read ({type(error).__name__}: {error}); the "
                f"data may be damaged: get them anew"
            ) from error

    def _gathered(self, block: tuple[int, int], regions_there: list[Future]) -> tuple[list[list[Delayed]], bool]:
        """What to gather, by chunk of time and by region; and whether the first is the step before the block."""
        start, stop = block
        before = start > 0 and any(family.looks_back for family in self.families)
        spans = [slice(start - 1, start)] if before else []
        chunks = [row for span in [*spans, slice(start, stop)] for row in self.rain[span].data.to_delayed()]
        gather_of = dask.delayed(gather, pure=False)
        held = [
            [gather_of(row[region.chunk], there) for region, there in zip(self.regions, regions_there, strict=True)]
            for row in chunks
        ]
        return held, before

    def _write(self, block: tuple[int, int], values: np.ndarray) -> None:
        coordinates = {
            "basin": [basin.basin for basin in self.basins],
            "statistic": self.names,
            "time": self.rain["time"].values[slice(*block)],
        }
        array = xr.DataArray(values, coordinates, ("basin", "statistic", "time"), name="statistics")
        archive.write(array.to_dataset(), self._file(block))

    def _file(self, block: tuple[int, int]) -> Path:
        return self.folder / f"{block[0]:09d}.zarr.zip"

    def _fingerprint(self, identity: str) -> str:
        facts = [identity, self.rain.shape, self.rain["time"].values[[0, -1]], self.blocks, self.names, self.threshold]
        digest = hashlib.sha256(json.dumps(facts, default=str).encode())
        for basin in self.basins:
            digest.update(basin.basin.encode() + basin.index.tobytes() + basin.weight.tobytes())
        return digest.hexdigest()[:16]
