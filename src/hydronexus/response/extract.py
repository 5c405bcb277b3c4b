"""All response functions of one basin, as one labelled dataset."""

import json

import numpy as np
import xarray as xr
from torch import Tensor

from hydronexus.config import Model, Periods, Response, Training, Virtual
from hydronexus.errors import BasinError
from hydronexus.fieldscale.mixing import PointRain
from hydronexus.response.field import compared
from hydronexus.response.indices import indices
from hydronexus.response.laws import law_grids
from hydronexus.response.pulses import bin_pulses, choose_pulses, remove_pulses
from hydronexus.training.simulate import restore
from hydronexus.virtual import catchment


def extract(
    weights: dict[str, Tensor],
    forcing: xr.Dataset,
    simulation: xr.Dataset,
    periods: Periods,
    model: Model,
    training: Training,
    response: Response,
    rain: PointRain | None = None,
) -> xr.Dataset:
    """Extract the response functions of a basin.

    Parameters
    ----------
    weights : dict of Tensor
        Trained ensemble.
    forcing, simulation : xarray.Dataset
        Canonical forcing and its simulation.
    rain : PointRain, optional
        Observed heterogeneity of rain, which laws are compared with mixing by.

    Returns
    -------
    xarray.Dataset
        Laws on grids with what :func:`hydronexus.response.field.compared` says of them, the unit hydrograph, pulse
        responses by lag, intensity and antecedent wetness, and indices; for virtual basins also the truth (`law_true`,
        `pulse_true`).

    Raises
    ------
    BasinError
        The record has too few rain pulses.
    """
    module, source = restore(weights, forcing, periods, model, training)
    lag = round(response.lag / source.step)
    times = choose_pulses(
        forcing["precipitation"].values, source.step, response.pulses, round(training.warmup / source.step), lag
    )
    if len(times) < 2 * response.intensity_bins:
        raise BasinError(
            forcing.attrs["basin"],
            f"only {len(times)} steps with 1 mm/d of precipitation or more leave room for a warm-up of "
            f"{training.warmup} days and {response.lag} days after; shorten response.lag",
        )
    pulses = remove_pulses(module, source, simulation, times, lag)
    wetness = simulation["soil"].sel(loop="closed").mean("seed").values[times - 1]
    bins = (wetness, response.intensity_bins, response.wetness_bins, source.step)
    parts = [bin_pulses(pulses, *bins), indices(pulses, response.bootstrap)]
    if not module.reads_hidden:
        grids = law_grids(module, simulation, forcing["potential_evapotranspiration"])
        parts += [grids.drop_attrs(deep=False), compared(grids, rain)]
    unit_hydrograph = module.routing.unit_hydrograph().detach().numpy()
    routing = xr.DataArray(
        unit_hydrograph,
        dims=("seed", "routing_lag"),
        coords={"routing_lag": module.routing.lags[0, 0].numpy()},
        attrs={"units": "1", "long_name": "unit hydrograph"},
    )
    truth = json.loads(forcing.attrs["virtual"]) if "virtual" in forcing.attrs else None
    if truth is not None:
        parts.append(_truth(Virtual(**truth), parts, times, lag, bins))
    merged = xr.merge([*parts, routing.rename("routing")], compat="override", combine_attrs="drop")
    if "law" in merged:
        merged["law"].attrs["axes"] = json.dumps(grids.attrs["axes"])
    merged.attrs = {
        "basin": forcing.attrs["basin"],
        "largest_conservation_error": float(np.abs(pulses["conservation_error"]).max()),
        "pulses": len(times),
    }
    return merged


def _truth(settings: Virtual, parts: list[xr.Dataset], times: np.ndarray, lag: int, bins: tuple) -> xr.Dataset:
    """True pulse responses and, where they are known in closed form, true laws of a virtual catchment."""
    true = xr.Dataset({"pulse_true": bin_pulses(catchment.pulse_removal(settings, times, lag), *bins)["pulse"]})
    for part in parts:
        if "law" in part:
            laws = [
                catchment.law(settings, str(p), *np.meshgrid(x, y, indexing="ij"))
                for p, x, y in zip(part["process"].values, part["law_x"].values, part["law_y"].values, strict=True)
            ]
            true["law_true"] = (("process", "x", "y"), np.stack(laws), {"units": "mm d-1"})
            true = true.assign_coords(process=part["process"])
    return true
