"""All response functions of one basin, as one labelled dataset."""

import json
import logging

import numpy as np
import xarray as xr
from torch import Tensor

from hydronexus.config import Model, Periods, Response, Training, Virtual
from hydronexus.errors import BasinError
from hydronexus.fieldscale.mixing import PointRain, canopy_deficit
from hydronexus.response.attribution import attribute
from hydronexus.response.contrast import contrast
from hydronexus.response.ensemble_runoff import runoff_responses
from hydronexus.response.field import compared, routing_fit
from hydronexus.response.indices import indices
from hydronexus.response.laws import law_grids
from hydronexus.response.memory import truncation_memory
from hydronexus.response.nonlinearity import add_pulses, interactions, unlike_linear
from hydronexus.response.pulses import FLUXES, bin_pulses, choose_pulses, remove_pulses
from hydronexus.training.simulate import restore
from hydronexus.virtual import catchment

log = logging.getLogger(__name__)
ERRA_LAG = 20  # d; at longer lags a season that demand shares with rain inflates the response to light rain
RAINY = 5.0  # mm d-1, rain that fills a canopy


def extract(
    weights: dict[str, Tensor],
    forcing: xr.Dataset,
    simulation: xr.Dataset,
    periods: Periods,
    model: Model,
    training: Training,
    response: Response,
    rain: PointRain | None = None,
    cv: xr.DataArray | None = None,
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
    cv : xarray.DataArray, optional
        Its CV over the catchment at every step, from :func:`hydronexus.precipitation.unlikeness.spatial_cv`.

    Returns
    -------
    xarray.Dataset
        Laws on grids with what :func:`hydronexus.response.field.compared` says of them; the unit hydrograph and the
        equation that describes it best; responses to removed rain by lag, intensity and antecedent wetness, to added
        rain, and to pairs of pulses; ERRA of observed and simulated streamflow; attribution of high flows; indices of
        nonlinearity and memory; with `cv`, the contrast between uneven and even rain; for virtual basins also the truth
        (`law_true`, `pulse_true`).

    Raises
    ------
    BasinError
        The record has too few rain pulses.
    """
    module, source = restore(weights, forcing, periods, model, training)
    lag, first = round(response.lag / source.step), round(training.warmup / source.step)
    rain_depth = forcing["precipitation"].values.astype(float)
    times = choose_pulses(rain_depth, source.step, response.pulses, first, lag)
    if len(times) < 2 * response.intensity_bins:
        raise BasinError(
            forcing.attrs["basin"],
            f"only {len(times)} steps with 1 mm/d of precipitation or more leave room for a warm-up of "
            f"{training.warmup} days and {response.lag} days after; shorten response.lag",
        )
    pulses = remove_pulses(module, source, simulation, times, lag)
    wetness = simulation["soil"].sel(loop="closed").mean("seed").values[times - 1]
    bins = (wetness, response.intensity_bins, response.wetness_bins, source.step)
    largest = float(forcing["precipitation"].sel(time=slice(*map(str, periods.train))).max())
    parts = [
        bin_pulses(pulses, *bins),
        indices(pulses, response.bootstrap),
        add_pulses(module, source, simulation, times, lag, largest),
        interactions(module, source, simulation, first, lag),
        _nonlinearity(simulation, rain_depth, first, lag),
        truncation_memory(module, source, simulation, forcing["streamflow"].values, first).to_dataset(),
    ]
    if not module.reads_hidden:
        canopy = rainy_canopy(simulation, rain, source.step) if rain is not None else 0.0
        grids = law_grids(module, simulation, forcing["potential_evapotranspiration"])
        parts += [
            grids.drop_attrs(deep=False),
            compared(grids, rain, canopy),
            attribute(module, source, simulation, first, lag),
        ]
    ensemble = simulation["streamflow"].sel(loop="closed").mean("seed").values.astype(float)
    if cv is not None:
        observed = np.where(np.arange(len(ensemble)) < first, np.nan, forcing["streamflow"].values)
        between = contrast(forcing["precipitation"], cv, observed, ensemble, source.step)
        parts += [] if between is None else [between]
    try:
        edges = np.quantile(pulses["removed"], np.linspace(0, 1, response.intensity_bins + 1)[1:-1])
        flows = [values[first:].astype(float) for values in (rain_depth, forcing["streamflow"].values, ensemble)]
        parts.append(runoff_responses(*flows, edges, min(lag, round(ERRA_LAG / source.step)), source.step))
    except ValueError as error:
        log.warning("%s: no ERRA: %s", forcing.attrs["basin"], error)
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
    fitted = routing_fit(routing, source.step)
    parts.append(xr.Dataset({"routing_equation": str(fitted), "routing_rmse": fitted.rmse}))
    merged = xr.merge([*parts, routing.rename("routing")], compat="override", combine_attrs="drop")
    if "law" in merged:
        merged["law"].attrs["axes"] = json.dumps(grids.attrs["axes"])
    merged.attrs = {
        "basin": forcing.attrs["basin"],
        "largest_conservation_error": float(np.abs(pulses["conservation_error"]).max()),
        "pulses": len(times),
    }
    return merged


def rainy_canopy(simulation: xr.Dataset, rain: PointRain, step: float) -> float:
    """What the simulated canopy keeps at every place of a rainy day's rain [mm d-1].

    Parameters
    ----------
    simulation : xarray.Dataset
        Its closed loop has `rain` and `throughfall`.
    rain : PointRain
        How rain is spread over places.
    step : float
        Time step [d].
    """
    closed = simulation.sel(loop="closed").mean("seed")
    fallen, through = (closed[name].values / step for name in ("rain", "throughfall"))
    rainy = fallen >= RAINY
    return canopy_deficit(fallen[rainy], fallen[rainy] - through[rainy], rain)


def _nonlinearity(simulation: xr.Dataset, rain: np.ndarray, first: int, lag: int) -> xr.Dataset:
    """Share of the variance of every flux that no linear filter of precipitation explains, by day [-]."""
    closed = simulation.sel(loop="closed")
    steps = max(1, round(1 / float(simulation.attrs["time_step_days"])))

    def daily(values: np.ndarray) -> np.ndarray:
        values = values[..., first:].astype(float)
        whole = values.shape[-1] // steps * steps
        return values[..., :whole].reshape(*values.shape[:-1], -1, steps).sum(-1)

    series = [daily(closed[name].transpose("seed", "time").values) for name in FLUXES]
    values = np.stack([unlike_linear(daily(rain), members, lag // steps) for members in series])
    coords = {"flux": list(FLUXES), "seed": simulation["seed"]}
    return xr.Dataset({"nonlinearity": (("flux", "seed"), values, {"units": "1"})}, coords)


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
