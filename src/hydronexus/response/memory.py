"""How much of the past the closed loop needs."""

import numpy as np
import torch
import xarray as xr

from hydronexus.model.bucket import Contents
from hydronexus.model.nexus import Nexus
from hydronexus.training.data import Drivers

WINDOWS = (1, 3, 7, 14, 30, 60, 90, 180, 365, 730)  # d
TARGETS = 200  # steps of the record that are simulated again
HELD = 200_000  # windows times steps simulated at once
INCREASE = 0.05  # of the root mean square error


@torch.no_grad()
def truncation_memory(
    module: Nexus, source: Drivers, simulation: xr.Dataset, streamflow: np.ndarray, first: int
) -> xr.DataArray:
    """Shortest window whose simulation, started from mean stores, is less than 5 % worse than that of the whole record.

    Parameters
    ----------
    module, source, simulation
        As for :func:`hydronexus.response.pulses.remove_pulses`.
    streamflow : numpy.ndarray
        Observed [mm per step], shape (time,).
    first : int
        Steps at the start of the record to leave out.

    Returns
    -------
    xarray.DataArray
        Dim seed [d]; NaN where no window of the record's length is enough, or the laws read the hidden state, which has
        no mean content to start from.
    """
    closed = simulation.sel(loop="closed")
    seeds = simulation.sizes["seed"]
    memory = np.full(seeds, np.nan)
    longest = max(round(days / source.step) for days in WINDOWS)
    possible = np.flatnonzero(np.isfinite(streamflow))
    possible = possible[possible >= max(first, longest)]
    if not module.reads_hidden and len(possible):
        targets = possible[np.unique(np.linspace(0, len(possible) - 1, TARGETS).round().astype(int))]
        observed = streamflow[targets]
        whole = _rmse(closed["streamflow"].transpose("seed", "time").values[:, targets], observed)
        start = {
            name: torch.from_numpy(closed[name].mean("time").values).double()[:, None].expand(seeds, len(targets))
            for name in module.bucket.store_names
        }
        enough = np.full(seeds, True)
        for days in reversed(WINDOWS):
            steps = max(1, round(days / source.step))
            batches = np.array_split(np.arange(len(targets)), -(-len(targets) * steps // HELD))
            last = np.concatenate([_last(module, source, start, targets, batch, steps) for batch in batches], -1)
            error = _rmse(last, observed)
            enough &= error < (1 + INCREASE) * whole
            memory = np.where(enough, days, memory)
    return xr.DataArray(memory, {"seed": simulation["seed"]}, ("seed",), "memory", {"units": "d"})


def _last(
    module: Nexus, source: Drivers, start: Contents, targets: np.ndarray, batch: np.ndarray, steps: int
) -> np.ndarray:
    """Streamflow on some targets, shape (seed, target), after so many steps from the given content."""
    index = targets[batch, None] + np.arange(1 - steps, 1)
    own = {name: content[:, batch] for name, content in start.items()}
    return module.closed_loop(source.forcing(source.values[index][None]), own).fluxes["streamflow"][..., -1].numpy()


def _rmse(simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
    return np.sqrt(((simulated - observed) ** 2).mean(-1))
