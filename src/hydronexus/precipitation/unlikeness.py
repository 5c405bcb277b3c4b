"""How unlike rain is over a catchment at every step, from what its dataset or its grid says."""

from pathlib import Path

import numpy as np
import xarray as xr

from hydronexus import archive
from hydronexus.precipitation.summary import averaged

WET = 1.0  # mm d-1, below which a CV says little
ALIKE = 6  # steps of one season, next to each other in depth, that are compared: two of every third


def spatial_cv(forcing: xr.Dataset, store: str | Path | None = None) -> xr.DataArray | None:
    """Coefficient of variation of rain over the catchment, dry places included.

    Parameters
    ----------
    forcing : xarray.Dataset
        Canonical forcing. Where it has `precipitation_stdev`, as CAMELS-DE does, that counts.
    store : str or Path, optional
        Else statistics of the basin, of :func:`hydronexus.precipitation.run.describe_grid`, if they are there. Those of
        shorter steps are averaged, weighted by rain.

    Returns
    -------
    xarray.DataArray or None
        Dim time, of the forcing [-]; NaN below 1 mm/d and where not known. None where nothing is known.
    """
    step = float(forcing.attrs["time_step_days"])
    rain = forcing["precipitation"]
    cv = None
    if "precipitation_stdev" in forcing:
        cv = forcing["precipitation_stdev"] / rain
    elif store is not None and Path(store).exists():
        cv = _at_steps(archive.read(store), forcing["time"], step)
    if cv is None:
        return None
    cv = cv.where((rain >= WET * step) & np.isfinite(cv)).astype(float)
    return cv.rename("spatial_cv") if bool(cv.notnull().any()) else None


def _at_steps(statistics: xr.Dataset, time: xr.DataArray, step: float) -> xr.DataArray | None:
    there = float(statistics.attrs["time_step_days"])
    if there > step * 1.001:
        return None
    known = statistics[["mean", "cv"]]
    if there < step * 0.999:
        known = averaged(known, f"{round(step * 24)}h")
    elif step == 1:
        known = known.assign_coords(time=known["time"].dt.floor("1D"))
    return known["cv"].reindex(time=time)


def matched_thirds(precipitation: xr.DataArray, cv: xr.DataArray) -> np.ndarray:
    """Third of the CV that each step falls into, among steps of like depth of rain in the same season.

    Parameters
    ----------
    precipitation, cv : xarray.DataArray
        Dim time; CV as from :func:`spatial_cv`.

    Returns
    -------
    numpy.ndarray
        Shape (time,): 0 for the most even third, 1, 2 for the most uneven, -1 where the CV is not known.
    """
    thirds = np.full(precipitation.sizes["time"], -1)
    for cell in matched_cells(precipitation, cv):
        ranks = np.argsort(np.argsort(cv.values[cell], kind="stable"), kind="stable")
        thirds[cell] = ranks * 3 // len(cell)
    return thirds


def shuffled(precipitation: xr.DataArray, cv: xr.DataArray, seed: int) -> xr.DataArray:
    """The same values of the CV at other steps with like depth of rain in the same season: a placebo."""
    rng = np.random.default_rng(seed)
    other = cv.copy(deep=True)
    for cell in matched_cells(precipitation, cv):
        other.values[cell] = rng.permutation(cv.values[cell])
    return other


def matched_cells(precipitation: xr.DataArray, cv: xr.DataArray) -> list[np.ndarray]:
    """Indices of steps with like depth of rain in the same season, as far as their CV is known.

    Wide classes would leave more rain in the even third, since heavy rain is more even.
    """
    known = np.isfinite(cv.values)
    season = precipitation["time"].dt.season.values
    cells = []
    for name in np.unique(season[known]):
        own = np.flatnonzero(known & (season == name))
        ordered = own[np.argsort(precipitation.values[own], kind="stable")]
        cells += np.array_split(ordered, max(1, len(ordered) // ALIKE))
    return cells
