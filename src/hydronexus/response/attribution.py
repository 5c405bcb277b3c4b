"""Which days' rain a day's streamflow is due to, by integrated gradients."""

import numpy as np
import torch
import xarray as xr
from captum.attr import IntegratedGradients

from hydronexus.model.bucket import Forcing
from hydronexus.model.closure import stepwise
from hydronexus.model.nexus import Nexus
from hydronexus.training.data import Drivers

TARGETS = 12  # days, the largest simulated flows of equal parts of the record
POINTS = 24  # of the path from no rain to the rain that fell
LONGEST = 400  # steps that are followed in torch, which is slow: half a year of days, two weeks of hours
HELD = 50_000  # windows times steps whose graph is held at once


def attribute(module: Nexus, source: Drivers, simulation: xr.Dataset, first: int, lag: int) -> xr.Dataset:
    """Attribute high flows to the precipitation of the days before, against a baseline without rain.

    Parameters
    ----------
    module : Nexus
        Trained ensemble whose laws read stores.
    source : Drivers
        Forcing of the whole record.
    simulation : xarray.Dataset
        Its closed loop gives the state at the start of each path, and the days of high flow.
    first, lag : int
        Steps at the start of the record to leave out, and steps of rain that flow is attributed to, `LONGEST` at most.

    Returns
    -------
    xarray.Dataset
        `attribution` (seed, lag) [-], share of the flow that is due to rain of all lags together; `completeness_error`
        (seed), the largest relative gap between the sum of attributions and the change of flow they explain [-].

    References
    ----------
    Sundararajan et al. 2017, arXiv 1703.01365; by Captum (Kokhlikyan et al. 2020, arXiv 2009.07896)
    """
    lag = min(lag, LONGEST)
    closed = simulation.sel(loop="closed")
    flow = closed["streamflow"].mean("seed").values
    parts = np.array_split(np.arange(first + lag, len(flow)), TARGETS)
    days = np.array([part[np.argmax(flow[part])] for part in parts if len(part)])
    raw = source.values[days[:, None] + np.arange(1 - lag, 1)]
    before = days - lag
    shares, errors = [], []
    for seed in range(simulation.sizes["seed"]):
        content = [torch.from_numpy(closed[name].values[seed, before]).double() for name in module.bucket.store_names]
        shape = module.routing.unit_hydrograph()[seed].detach()

        def outflow(rain, others, *content, member=seed, shape=shape):
            return _outflow(module, source, torch.cat([rain[..., None], others], -1), content, member, shape)

        found, gap = IntegratedGradients(outflow).attribute(
            raw[..., 0],
            torch.zeros_like(raw[..., 0]),
            additional_forward_args=(raw[..., 1:], *content),
            n_steps=POINTS,
            return_convergence_delta=True,
            internal_batch_size=max(len(days), HELD // lag),
        )
        total = found.sum(-1)
        shares.append((found.sum(0) / found.sum()).flip(-1).detach().numpy())
        errors.append(float((gap.abs() / total.abs().clamp(min=1e-6)).max()))
    return xr.Dataset(
        {
            "attribution": (("seed", "lag"), np.stack(shares).astype("float32"), {"units": "1"}),
            "completeness_error": (("seed",), errors, {"units": "1"}),
        },
        {"seed": simulation["seed"], "lag": ("lag", np.arange(lag) * source.step, {"units": "d"})},
    )


def _outflow(
    module: Nexus,
    source: Drivers,
    raw: torch.Tensor,
    content: tuple[torch.Tensor, ...],
    member: int,
    shape: torch.Tensor,
) -> torch.Tensor:
    """Streamflow of one member on the last step, shape (window,), with gradients; in torch step by step."""
    forcing = source.forcing(raw[None])
    everyone = module.bucket.initial.shape[0]
    own = Forcing(**(vars(forcing.members(everyone)) | {"features": None}))
    start = {
        name: values.expand(everyone, *values.shape)
        for name, values in zip(module.bucket.store_names, content, strict=True)
    }
    _, fluxes = stepwise(module.bucket, own, start)
    inflow = (fluxes["surface_runoff"] + fluxes["interflow"] + fluxes["baseflow"])[member]
    return inflow[:, -len(shape) :].flip(-1) @ shape[: inflow.shape[1]]
