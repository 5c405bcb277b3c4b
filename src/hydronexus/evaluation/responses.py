"""Response functions of one basin as plain rows of numbers: indices, laws, deformation and verdict of every process."""

import math
from typing import Any

import numpy as np
import xarray as xr

from hydronexus.evaluation.identifiability import concord, verdict

PROCESS_OF_FLUX = {"canopy_evaporation": "interception", "soil_evapotranspiration": "evapotranspiration"}
OBSERVED = "observed"
INDICES = ("elasticity", "centroid", "t50", "t90")  # with block-bootstrap intervals
OF_FLUXES = {  # with the range of members; where to take them from
    "nonlinearity": {},
    "superposition_defect": {"addition": 5.0},
    "interaction": {"separation": 1.0},
}
OF_LAWS = ("deformation", "deformation_sign", "curvature_ratio", "onset_shift", "mixing_gain")  # with that range too
SIDES = ("", "_low", "_high")
NUMBERS = (
    *(name + side for name in (*INDICES, *OF_FLUXES, "memory", *OF_LAWS) for side in SIDES),
    "law_spread", "field_rmse", "field_cross_validated", "mixed_cross_validated", "ensemble_spread",
    "ensemble_agreement",
)  # fmt: skip
TEXTS = ("field_equation", "mixed_equation", "verdict")
NOTHING = dict.fromkeys(NUMBERS, math.nan) | dict.fromkeys(TEXTS)


def responses(forcing: xr.Dataset, simulation: xr.Dataset, response: xr.Dataset | None) -> list[dict[str, Any]]:
    """Rows of every flux, with the law and field-scale equation of its process, and of the routing.

    Parameters
    ----------
    forcing, simulation, response : xarray.Dataset
        The basin's stores.

    Returns
    -------
    list of dict
        `process`, `NUMBERS` (NaN where a measure does not apply) and `TEXTS`.
    """
    if response is None:
        return []
    rows = []
    for flux in map(str, response["flux"].values):
        process = PROCESS_OF_FLUX.get(flux, flux)
        row = NOTHING | {"process": process} | _indices(response.sel(flux=flux)) | _law(response, process)
        if flux == "streamflow":
            row |= _range("memory", response["memory"].values)
        rows.append(row | _judged(forcing, simulation, flux))
    if "routing" in response:
        rows.append(NOTHING | _routing(response) | {"verdict": "not assessed"})
    return rows


def _indices(own: xr.Dataset) -> dict[str, float]:
    row = {}
    for index in INDICES:
        row |= {index: _median(own[index].values)} | {index + s: float(own[index + s]) for s in SIDES[1:]}
    for name, place in OF_FLUXES.items():
        row |= _range(name, own[name].sel(place, method="nearest").values if place else own[name].values)
    return row


def _judged(forcing: xr.Dataset, simulation: xr.Dataset, flux: str) -> dict[str, Any]:
    members = simulation[flux].sel(loop="closed").transpose("seed", "time").values.astype(float)
    spread, agreement = concord(members)
    share = float(members.mean() / forcing["precipitation"].mean())
    said = OBSERVED if flux == "streamflow" else verdict(flux, spread, agreement, share)
    return {"ensemble_spread": spread, "ensemble_agreement": agreement, "verdict": said}


def _routing(response: xr.Dataset) -> dict[str, Any]:
    hydrograph = response["routing"].mean("seed")
    passed, lag = np.cumsum(hydrograph.values), hydrograph["routing_lag"].values
    row = {f"t{share}": float(lag[np.argmax(passed >= share / 100 * passed[-1])]) for share in (50, 90)}
    row["centroid"] = float(hydrograph.values @ lag / passed[-1])
    fitted = {"field_equation": str(response["routing_equation"].item()), "field_rmse": float(response["routing_rmse"])}
    return {"process": "routing"} | row | fitted


def _law(response: xr.Dataset, process: str) -> dict[str, Any]:
    if "law" not in response or process not in response["process"].values:
        return {}
    own = response.sel(process=process)
    members = own["law"].transpose("seed", "x", "y").values[:, own["law_visited"].transpose("x", "y").values]
    row: dict[str, Any] = {"law_spread": _spread(members)}
    for name in ("field_rmse", "field_cross_validated", "mixed_cross_validated"):
        row[name] = float(own[name]) if name in own else math.nan
    for name in ("field_equation", "mixed_equation"):
        row[name] = (str(own[name].item()) or None) if name in own else None
    for name in OF_LAWS:
        row |= _range(name, own[name].values) if name in own else {}
    return row


def _range(name: str, members: np.ndarray) -> dict[str, float]:
    """Median, least and largest value of members."""
    finite = members[np.isfinite(members)]
    found = (np.median(finite), finite.min(), finite.max()) if len(finite) else (math.nan,) * 3
    return {name + side: float(value) for side, value in zip(SIDES, found, strict=True)}


def _spread(members: np.ndarray) -> float:
    """Median over cells of the coefficient of variation over members, from shape (seed, cell)."""
    mean = members.mean(0)
    usable = np.abs(mean) > 1e-9
    if len(members) < 2 or not usable.any():
        return math.nan
    return float(np.median(members.std(0, ddof=1)[usable] / np.abs(mean[usable])))


def _median(values: np.ndarray) -> float:
    return _range("", values)[""]
