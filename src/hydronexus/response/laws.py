"""The learned laws on grids of (intensity, store), masked to where the basin has been."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from hydronexus.model.bucket import Bucket
from hydronexus.model.nexus import Nexus

RESOLUTION = (32, 12)  # cells along intensity and store
VISITS = 2  # simulated steps that make a cell visited


@dataclass(frozen=True)
class Process:
    """A process whose law is drawn on a grid.

    Parameters
    ----------
    store : str
        Store on the y axis [mm].
    drive : callable
        From the closed-loop simulation and potential evapotranspiration, the x variable [mm per step].
    law : callable
        From the bucket, x [mm per step], y [mm] and mean potential evapotranspiration, the flux [mm per step].
    x, y, flux : str
        Labels with units.
    """

    store: str
    drive: Callable[[xr.Dataset, xr.DataArray], xr.DataArray]
    law: Callable[[Bucket, Tensor, Tensor, Tensor], Tensor]
    x: str
    y: str
    flux: str


def _interception(bucket: Bucket, x: Tensor, y: Tensor, demand: Tensor) -> Tensor:
    keep, evaporating = bucket.interception(x, demand, y, bucket.state("canopy", y, None))
    throughfall = (1 - keep) * (1 - evaporating) * (x + y)
    return (x - throughfall).clamp(min=0)  # a wet canopy drips on after the rain


def _infiltration(bucket: Bucket, x: Tensor, y: Tensor, demand: Tensor) -> Tensor:
    return infiltration_law(bucket, x, y, 0.0)


def infiltration_law(bucket: Bucket, x: Tensor, y: Tensor, heterogeneity: float) -> Tensor:
    """Infiltration [mm per step] of surface water x [mm per step] into soils of y [mm].

    Parameters
    ----------
    heterogeneity : float
        How unlike rain is, standardised [-]; 0 is the mean. Of no effect on laws that do not read it.
    """
    unlike = torch.full_like(x, heterogeneity) if bucket.heterogeneity else None
    return x * bucket.infiltration(x, bucket.state("soil", y, None), unlike)


def _evapotranspiration(bucket: Bucket, x: Tensor, y: Tensor, demand: Tensor) -> Tensor:
    usable = x * bucket.evapotranspiration(x, bucket.state("soil", y, None))
    return y * (1 - torch.exp(-usable / (y + 1e-4)))


def _recharge(bucket: Bucket, x: Tensor, y: Tensor, demand: Tensor) -> Tensor:
    down, sideways = (rate * bucket.step for rate in bucket.drainage(x, bucket.state("soil", y, None)))
    return (x + y) * (1 - torch.exp(-down - sideways)) * down / (down + sideways)


def _baseflow(bucket: Bucket, x: Tensor, y: Tensor, demand: Tensor) -> Tensor:
    return (x + y) * (1 - torch.exp(-bucket.step / bucket.residence(x, bucket.state("ground", y, None))))


def _surface_water(simulation: xr.Dataset, demand: xr.DataArray) -> xr.DataArray:
    return simulation["infiltration"] + simulation["surface_runoff"]


PROCESSES: dict[str, Process] = {
    "interception": Process(
        "canopy", lambda s, e: s["rain"], _interception, "rain [mm/d]", "canopy store [mm]", "intercepted water [mm/d]"
    ),
    "infiltration": Process(
        "soil", _surface_water, _infiltration, "water at the surface [mm/d]", "soil store [mm]", "infiltration [mm/d]"
    ),
    "evapotranspiration": Process(
        "soil", lambda s, e: e - s["canopy_evaporation"], _evapotranspiration,
        "potential evapotranspiration left [mm/d]", "soil store [mm]", "soil evapotranspiration [mm/d]",
    ),
    "recharge": Process(
        "soil", lambda s, e: s["infiltration"], _recharge, "infiltration [mm/d]", "soil store [mm]", "recharge [mm/d]"
    ),
    "baseflow": Process(
        "ground", lambda s, e: s["recharge"], _baseflow, "recharge [mm/d]", "ground store [mm]", "baseflow [mm/d]"
    ),
}  # fmt: skip


@torch.no_grad()
def law_grids(module: Nexus, simulation: xr.Dataset, potential_evapotranspiration: xr.DataArray) -> xr.Dataset:
    """Evaluate every law of every member on a grid that spans what the basin has seen.

    Parameters
    ----------
    module : Nexus
        Trained ensemble whose laws read stores.
    simulation : xarray.Dataset
        Its closed loop gives the ranges and the visited cells.
    potential_evapotranspiration : xarray.DataArray
        [mm per step], dim time.

    Returns
    -------
    xarray.Dataset
        `law` (process, seed, x, y) [mm d-1], `law_x` (process, x) [mm d-1], `law_y` (process, y) [mm],
        `law_visits` (process, x, y), how many simulated steps of all members were nearest to each point, and
        `law_visited`, whether there were enough.
    """
    closed = simulation.sel(loop="closed")
    step = module.bucket.step
    laws, xs, ys, visits = [], [], [], []
    demand = torch.tensor(float(potential_evapotranspiration.mean()), dtype=torch.float64)
    for process in PROCESSES.values():
        x_data = process.drive(closed, potential_evapotranspiration).transpose("seed", "time").values[:, 1:]
        y_data = closed[process.store].values[:, :-1]
        # Intensities are skewed: a quadratic spacing resolves the many small ones.
        x = np.linspace(0, 1, RESOLUTION[0]) ** 2 * max(np.quantile(x_data, 0.9995), 1e-3)
        y = np.linspace(*np.quantile(y_data, [0.005, 0.995]), RESOLUTION[1])
        y += np.linspace(0, 1e-6, RESOLUTION[1])  # a store that never changes still has a grid
        grid = [torch.from_numpy(g).expand(len(x_data), *RESOLUTION) for g in np.meshgrid(x, y, indexing="ij")]
        values = process.law(module.bucket, *grid, demand.expand(len(x_data), *RESOLUTION))
        edges = [np.concatenate([[-np.inf], (axis[1:] + axis[:-1]) / 2, [np.inf]]) for axis in (x, y)]
        counts, _, _ = np.histogram2d(x_data.ravel(), y_data.ravel(), bins=edges)
        laws.append(values.numpy() / step)
        xs.append(x / step)
        ys.append(y)
        visits.append(counts)
    axes = {name: {"x": p.x, "y": p.y, "flux": p.flux} for name, p in PROCESSES.items()}
    return xr.Dataset(
        {
            "law": (("process", "seed", "x", "y"), np.stack(laws).astype("float32"), {"units": "mm d-1"}),
            "law_x": (("process", "x"), np.stack(xs), {"units": "mm d-1"}),
            "law_y": (("process", "y"), np.stack(ys), {"units": "mm"}),
            "law_visits": (("process", "x", "y"), np.stack(visits).astype("int32")),
            "law_visited": (("process", "x", "y"), np.stack(visits) >= VISITS),
        },
        coords={"process": list(PROCESSES), "seed": simulation["seed"]},
        attrs={"axes": axes},
    )
