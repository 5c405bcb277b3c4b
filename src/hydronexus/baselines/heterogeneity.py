"""The nexus model with and without knowledge of how unlike rain is: a control with a placebo."""

import logging
from typing import Any

import numpy as np
import torch
import xarray as xr

from hydronexus.config import Study
from hydronexus.model.nexus import Nexus
from hydronexus.precipitation.unlikeness import matched_thirds, shuffled
from hydronexus.response.field import compared
from hydronexus.response.laws import infiltration_law, law_grids
from hydronexus.training.data import Drivers
from hydronexus.training.simulate import restore, simulate
from hydronexus.training.train import Task, train

log = logging.getLogger(__name__)
CONTROLS = ("nexus_heterogeneity", "nexus_placebo")


def train_controls(
    study: Study, forcing: xr.Dataset, cv: xr.DataArray, basin: str
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Train the nexus model anew with the CV of rain as an input of its infiltration law and its encoder.

    The placebo is given the same values at other steps, of like depth in the same season.

    Parameters
    ----------
    study : Study
    forcing : xarray.Dataset
        Canonical forcing.
    cv : xarray.DataArray
        From :func:`hydronexus.precipitation.unlikeness.spatial_cv`.
    basin : str
        For messages.

    Returns
    -------
    flows : dict of numpy.ndarray
        Streamflow in closed loop [mm per step], shape (seed, time), by control.
    learned : dict of dict
        By control and member: `effect`, mean of ln(infiltration under the most uneven third of rain / under the most
        even third) [-]; `deformation` under the most even third [-].
    """
    # The closed loop needs no proposals of its stores.
    training = study.training.model_copy(update={"encoder_steps": 1})
    periods = study.periods_of(forcing.attrs["dataset"])
    given = (cv, shuffled(forcing["precipitation"], cv, study.training.seeds))
    flows, learned = {}, {}
    for control, values in zip(CONTROLS, given, strict=True):
        unlike = np.log(values.clip(min=1e-3))
        data = forcing.assign(rain_heterogeneity=unlike.fillna(unlike.mean()).astype("float32"))
        trained = train(Task(f"{basin}, {control}", data, periods), study.model, training)
        run = simulate(trained.weights, data, periods, study.model, training)
        flows[control] = run["streamflow"].sel(loop="closed").values
        module, source = restore(trained.weights, data, periods, study.model, training)
        learned[control] = _learned(module, source, data, run, matched_thirds(data["precipitation"], values))
        log.info("%s: %s has learned %s", basin, control, learned[control])
    return flows, learned


def _learned(module: Nexus, source: Drivers, data: xr.Dataset, run: xr.Dataset, thirds: np.ndarray) -> dict[str, Any]:
    """How the infiltration law bends with the CV, where the basin has been."""
    column = source.names.index("rain_heterogeneity")
    center, spread = (float(x[..., column]) for x in (source.center, source.spread))
    values = data["rain_heterogeneity"].values
    even, uneven = ((float(values[thirds == third].mean()) - center) / spread for third in (0, 2))
    grids = law_grids(module, run, data["potential_evapotranspiration"]).sel(process=["infiltration"])
    own = grids.isel(process=0)
    step = module.bucket.step
    x, y = (
        torch.from_numpy(g).expand(module.bucket.initial.shape[0], *g.shape)
        for g in np.meshgrid(own["law_x"].values * step, own["law_y"].values, indexing="ij")
    )
    with torch.no_grad():
        laws = [infiltration_law(module.bucket, x, y, level).numpy() / step for level in (even, uneven)]
    visits = np.where(own["law_visited"] & (own["law_x"] > 1), own["law_visits"], 0)
    ratio = np.log(np.maximum(laws[1], 1e-9) / np.maximum(laws[0], 1e-9))
    deformed = compared(grids.assign(law=(grids["law"].dims, laws[0][None])), None)["deformation"]
    return {
        "effect": np.average(ratio.reshape(len(ratio), -1), axis=1, weights=visits.ravel()).tolist(),
        "deformation": deformed.isel(process=0).values.tolist(),
    }
