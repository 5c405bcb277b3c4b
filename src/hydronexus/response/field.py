"""Learned laws beside field-scale equations: the best of them, the deformation from it, and what mixing explains."""

import numpy as np
import xarray as xr

from hydronexus.fieldscale import deformation
from hydronexus.fieldscale.candidates import EQUATIONS, RAIN_DRIVEN
from hydronexus.fieldscale.fit import Fit, Law, best, fit
from hydronexus.fieldscale.mixing import PointRain, mixed

DEFORMATION = {
    "deformation": "root mean square of ln(learned / field-scale)",
    "deformation_sign": "mean of ln(learned / field-scale)",
    "curvature_ratio": "curvature of the learned law over that of the field-scale one",
    "onset_shift": "intensity at which 5 % are lost, learned less field-scale",
}


def compared(grids: xr.Dataset, rain: PointRain | None, canopy: float = 0.0) -> xr.Dataset:
    """Compare every learned law with field-scale equations, at points the basin has been at.

    Parameters
    ----------
    grids : xarray.Dataset
        From :func:`hydronexus.response.laws.law_grids`.
    rain : PointRain, optional
        Observed heterogeneity of rain. Equations of processes that rain drives are then averaged over it too, with no
        free parameter more.
    canopy : float
        What the canopy keeps at every place of the rain that infiltrates [mm d-1]; see
        :func:`hydronexus.fieldscale.mixing.canopy_deficit`.

    Returns
    -------
    xarray.Dataset
        By process: `field` (x, y) [mm d-1], the equation that describes the ensemble mean best across left-out
        intensities, `field_equation`, `field_rmse` and `field_cross_validated` [mm d-1]; by process and seed the
        measures of `DEFORMATION` from that equation as fitted to the member (the first two [-], of fluxes above zero);
        with `rain`, the same of the best mixed equation as `mixed`, `mixed_equation`, `mixed_cross_validated`, and
        `mixing_gain` (process, seed) [-], ln(error of the best field-scale equation / error of the best mixed one),
        both across left-out intensities: above 0 where mixing explains the law better.
    """
    kept = {"infiltration": canopy}
    parts = [
        _process(grids.sel(process=process), str(process), rain, kept.get(str(process), 0.0))
        for process in grids["process"].values
    ]
    return xr.concat(parts, "process").assign_coords(process=grids["process"])


def routing_fit(routing: xr.DataArray, step: float) -> Fit:
    """The routing equation that describes the mean unit hydrograph (seed, routing_lag) best; lag and step in days."""
    lag = routing["routing_lag"].values.astype(float)
    share = routing.mean("seed").values.astype(float)
    return best(EQUATIONS["routing"], Law(lag, np.full_like(lag, step), share, np.arange(len(lag)), np.ones_like(lag)))


def _process(own: xr.Dataset, process: str, rain: PointRain | None, canopy: float) -> xr.Dataset:
    x, y = np.meshgrid(own["law_x"].values, own["law_y"].values, indexing="ij")
    members, visited = own["law"].transpose("seed", "x", "y").values.astype(float), own["law_visited"].values
    visits = np.where(visited, own["law_visits"].values, 0)
    laws = [_points(x, y, flux, visits) for flux in (members.mean(0), *members)]
    field = best(EQUATIONS[process], laws[0])
    found: dict[str, tuple] = {
        "field": (("x", "y"), field.at(x, y), {"units": "mm d-1"}),
        "field_equation": ((), str(field)),
        "field_rmse": ((), field.rmse, {"units": "mm d-1"}),
        "field_cross_validated": ((), field.cross_validated, {"units": "mm d-1"}),
    }
    # Each member beside the equation as fitted to itself: how members differ in scale is no deformation.
    measures = np.array(
        [
            _deformation(flux, fit(field.equation, law).at(x, y), x[:, 0], visits, process)
            for flux, law in zip(members, laws[1:], strict=True)
        ]
    )
    for (name, said), values in zip(DEFORMATION.items(), measures.T, strict=True):
        units = "mm d-1" if name == "onset_shift" else "1"
        found[name] = ("seed", values, {"units": units, "long_name": said})
    if rain is not None:
        found |= _mixing(process, laws, x, y, rain, canopy)
    return xr.Dataset(found)


def _mixing(process: str, laws: list[Law], x: np.ndarray, y: np.ndarray, rain: PointRain, canopy: float) -> dict:
    values, said, error, gain = np.full(x.shape, np.nan), "", np.nan, np.full(len(laws) - 1, np.nan)
    if process in RAIN_DRIVEN:
        under = [mixed(equation, rain, canopy) for equation in EQUATIONS[process]]
        whole = best(under, laws[0])
        values, said, error = whole.at(x, y), str(whole), whole.cross_validated
        errors = [[best(of, law).cross_validated for law in laws[1:]] for of in (EQUATIONS[process], under)]
        gain = np.log(errors[0]) - np.log(errors[1])
    return {
        "mixed": (("x", "y"), values, {"units": "mm d-1"}),
        "mixed_equation": ((), said),
        "mixed_cross_validated": ((), error, {"units": "mm d-1"}),
        "mixing_gain": ("seed", gain, {"units": "1"}),
    }


def _points(x: np.ndarray, y: np.ndarray, flux: np.ndarray, visits: np.ndarray) -> Law:
    visited = visits > 0
    column = np.broadcast_to(np.arange(x.shape[0])[:, None], x.shape)
    return Law(x[visited], y[visited], flux[visited], column[visited], visits[visited].astype(float))


def _deformation(
    flux: np.ndarray, field: np.ndarray, x: np.ndarray, visits: np.ndarray, process: str
) -> tuple[float, ...]:
    """The measures of `DEFORMATION`; the last two of means over visited contents of the store."""
    shift = ratio = np.nan
    visited = visits > 0
    seen = visited.any(1)
    if process in RAIN_DRIVEN and seen.sum() > 2:
        mean, plain = ((visits * values).sum(1)[seen] / visits.sum(1)[seen] for values in (flux, field))
        shift = deformation.onset(x[seen], mean) - deformation.onset(x[seen], plain)
        curved = deformation.curvature(x[seen], plain)
        ratio = deformation.curvature(x[seen], mean) / curved if abs(curved) > 1e-3 else np.nan
    points = flux[visited], field[visited], visits[visited]
    return deformation.size(*points), deformation.sign(*points), ratio, shift
