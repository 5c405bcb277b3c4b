"""Simulation of the whole record in open and closed loop, as labelled arrays."""

import json
from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from hydronexus.config import Model, Periods, Training
from hydronexus.model.nexus import Nexus
from hydronexus.model.stores import ledger
from hydronexus.training.data import Drivers, drivers
from hydronexus.training.train import build


def restore(
    weights: dict[str, Tensor], forcing: xr.Dataset, periods: Periods, model: Model, training: Training
) -> tuple[Nexus, Drivers]:
    """The trained model of a basin in double precision, and its forcing ready to be read by it."""
    source = drivers(forcing, periods.train, model.snow)
    module = build(source, model, list(range(training.seeds)))
    module.load_state_dict(weights)
    return module.double().eval(), source.to(torch.float64)


def runner(
    weights: dict[str, Tensor], forcing: xr.Dataset, periods: Periods, model: Model, training: Training
) -> Callable[[xr.Dataset], np.ndarray]:
    """Closed-loop streamflow [mm per step], shape (seed, time), of a trained basin under any forcing and time step."""
    module, source = restore(weights, forcing, periods, model, training)

    def run(other: xr.Dataset) -> np.ndarray:
        there = source.under(other)
        own = module
        if there.step != source.step:
            own = build(there, model, list(range(training.seeds)))
            own.load_state_dict(weights)
        closed = own.double().closed_loop(there.to(torch.float64).forcing(there.values[None, None].double()))
        return closed.fluxes["streamflow"][:, 0].numpy()

    return run


@torch.no_grad()
def simulate(
    weights: dict[str, Tensor], forcing: xr.Dataset, periods: Periods, model: Model, training: Training
) -> xr.Dataset:
    """Simulate every store and flux of a basin.

    Parameters
    ----------
    weights : dict of Tensor
        Trained ensemble.
    forcing : xarray.Dataset
        Canonical forcing, dim time.

    Returns
    -------
    xarray.Dataset
        Dims seed, loop (open, closed), time; stores [mm], fluxes and streamflow [mm per step]; the balance of every
        store is declared in the attribute `ledger`.
    """
    module, source = restore(weights, forcing, periods, model, training)
    whole = source.forcing(source.values[None, None])
    loops = [module(whole, passes=module.passes), module.closed_loop(whole)]
    dims = ("seed", "loop", "time")
    arrays = {}
    for kind in ("stores", "fluxes"):
        for name in getattr(loops[0], kind):
            values = np.stack([getattr(loop, kind)[name][:, 0].numpy() for loop in loops], 1).astype("float32")
            attrs = {"units": "mm", "long_name": name.replace("_", " ")}
            if kind == "fluxes":
                attrs["cell_methods"] = "time: sum"
            arrays[name] = xr.DataArray(values, dims=dims, attrs=attrs)
    return xr.Dataset(
        arrays,
        coords={"seed": np.arange(training.seeds), "loop": ["open", "closed"], "time": forcing["time"]},
        attrs={
            "basin": forcing.attrs["basin"],
            "time_step_days": source.step,
            "periods": json.dumps(periods.model_dump(mode="json")),
            "warmup_days": training.warmup,
            "snow": int(source.snow),
            "ledger": json.dumps(ledger(source.snow)),
        },
    )
