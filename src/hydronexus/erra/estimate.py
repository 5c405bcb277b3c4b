"""The analysis as a whole."""

from dataclasses import dataclass
from typing import Literal

import dask
import numpy as np
import xarray as xr

from hydronexus.erra import cauchy, noise, normal, resampling, ridge
from hydronexus.erra.design import Layout
from hydronexus.erra.labelled import response_functions

Series = normal.Array | xr.DataArray
REWEIGHTINGS = 50
SETTLED = 1e-5  # relative change of the coefficients


@dataclass(frozen=True)
class Fit:
    """One regression: columns, solution, residual and weight by row, and the covariance of the coefficients."""

    layout: Layout
    solution: ridge.Solution
    residuals: np.ndarray
    weights: np.ndarray | None
    variance: float
    covariance: np.ndarray

    @property
    def count(self) -> int:
        """Rows used."""
        return int(np.isfinite(self.residuals).sum())


def erra(
    precipitation: Series,
    streamflow: Series,
    *,
    lags: int,
    step: float = 1.0,
    knots: np.ndarray | None = None,
    ar_order: int | Literal["auto"] = "auto",
    regularisation: ridge.Regularisation = None,
    robust: bool = False,
    bootstrap: int = 0,
    block: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Ensemble rainfall-runoff analysis: how streamflow responds to precipitation of every intensity, by lag.

    All responses come from one regression, with autoregressive noise of order h:

        Q[j] = c + sum over sources, segments l and lags k of beta[l, k] U[l, j - k] + e[j],
        U[l] = max(0, min(P - knot[l-1], knot[l] - knot[l-1])),  e[j] = sum of phi[i] e[j - i] + white noise

    so RRD[k] = beta[k]/step where it is linear, and NRF[k](P), the response to precipitation P, is linear between
    knots. A row with a missing value, now or at any lag, is left out.

    Parameters
    ----------
    precipitation : numpy.ndarray, dask.array.Array or xarray.DataArray
        [mm per step], shape (time,) or (source, time); NaN where missing. Sources may be places, or classes of
        antecedent conditions (:func:`hydronexus.erra.split_by`).
    streamflow : numpy.ndarray, dask.array.Array or xarray.DataArray
        [mm per step], shape (time,); NaN where missing. :func:`hydronexus.erra.remove_baseline` takes slow flow away.
    lags : int
        Number of lags, from 0.
    step : float
        Time step [d].
    knots : array_like, optional
        Inner knots, ascending, above zero and below the largest value of every source [mm per step], shape (knot,) or
        (source, knot); :func:`hydronexus.erra.choose_knots` finds some. Without any the response is linear.
    ar_order : int or "auto"
        Order h of the noise; "auto" takes the last lag, up to 6, whose partial autocorrelation counts.
    regularisation : "gcv", float or None
        Strength of the penalty on second differences over lags, relative to the data; "gcv" for generalised cross
        validation, None for none.
    robust : bool
        Whether outliers are given small Cauchy weights, by iteratively reweighted least squares.
    bootstrap : int
        Replicates of a block bootstrap, from which errors and covariances are then taken; 0: from the regression.
    block : int, optional
        Steps per block of rows, which bounds memory and is what the bootstrap draws; a year if not given.
    seed : int
        Of the bootstrap.

    Returns
    -------
    xarray.Dataset
        `rrd` (source, lag) [d-1], runoff response distribution weighted by precipitation; `nrf_knot` (source, knot,
        lag) and `nrf_segment` (source, segment, lag) [mm d-1], streamflow due to that depth in one step;
        `rrd_knot` and `rrd_segment`, the same per mm [d-1]. Depths are the coordinates `knot_depth` and
        `segment_depth` [mm per step], the latter sum P^2 / sum P within the segment. With each of the first three come
        `_error` (standard error), `_covariance` (over lag and lag_with), `_volume` (sum over lags times step) and
        `_volume_error` (from the full covariance, 1'K1). Further `ar_order`, `ar` (ar_lag), `nu`, `rows` (used),
        `effective_rows`, `residual_variance` [mm2], `residual_acf` and `residual_pacf` (noise_lag).

    Raises
    ------
    ValueError
        If series do not match, are negative or empty, if a segment holds no precipitation, if there are too few
        complete rows, or if columns are collinear and there is no regularisation.

    References
    ----------
    Kirchner 2022, doi 10.3390/s22093291; Kirchner 2024, doi 10.5194/hess-28-4427-2024.
    """
    sources, rain, flow = _series(precipitation, streamflow)
    edges = _edges(rain, knots)
    record = normal.Record(rain, flow, edges, block or max(round(365 / step), 1))
    share, centre = normal.intensities(record)
    order = _order(record, lags, robust) if ar_order == "auto" else ar_order
    fit = _fit(record, record.layout(lags, order), regularisation, robust)
    shape = (*share.shape, lags)
    beta = noise.responses(fit.solution.coefficients, fit.layout).reshape(shape)
    if bootstrap:
        parts = np.array(dask.compute(*normal.grams(record, fit.layout, fit.weights)))
        covariance = resampling.response_covariance(parts, fit.layout, fit.solution, bootstrap, seed)
    else:
        covariance = noise.response_covariance(fit.solution.coefficients, fit.covariance, fit.layout)
    found = response_functions(beta, covariance.reshape(shape * 2), edges, share, centre, step)
    coords = _coords(sources, edges, centre, np.arange(lags) * step)
    settings = {
        "method": "ensemble rainfall-runoff analysis (Kirchner 2022, 2024)",
        "uncertainty": f"block bootstrap of {bootstrap} replicates" if bootstrap else "regression",
        "robust": int(robust),
        "time_step_days": step,
    }
    return xr.Dataset(found | _diagnostics(fit), coords, settings)


def _series(precipitation: Series, streamflow: Series) -> tuple[np.ndarray, normal.Array, normal.Array]:
    sources = None
    if isinstance(precipitation, xr.DataArray):
        if isinstance(streamflow, xr.DataArray):
            precipitation, streamflow = xr.align(precipitation, streamflow, join="exact")
        precipitation = precipitation.transpose(..., "time")
        sources = precipitation.coords.get("source")
        precipitation = precipitation.data
    if isinstance(streamflow, xr.DataArray):
        streamflow = streamflow.data
    rain = precipitation[None] if precipitation.ndim == 1 else precipitation
    if rain.ndim != 2 or streamflow.shape != rain.shape[1:]:
        raise ValueError(
            f"precipitation of shape {precipitation.shape} and streamflow of shape {streamflow.shape} do not match; "
            "give (time,) or (source, time), and (time,)"
        )
    names = np.arange(len(rain)) if sources is None else np.atleast_1d(sources.values)
    return names, rain.astype(float), streamflow.astype(float)


def _edges(rain: normal.Array, knots: np.ndarray | None) -> np.ndarray:
    """Zero, the inner knots and the largest precipitation of every source, shape (source, segment + 1)."""
    lowest, highest = (np.asarray(extreme(rain, axis=1)) for extreme in (np.nanmin, np.nanmax))
    if not (lowest >= 0).all() or not (highest > 0).all() or not np.isfinite(highest).all():
        raise ValueError(
            f"precipitation ranges from {lowest} to {highest} by source; it must be zero or more, finite, and not dry "
            "all along (NaN where missing)"
        )
    inner = np.empty((len(rain), 0)) if knots is None else np.asarray(knots, float)
    inner = np.broadcast_to(inner, (len(rain), inner.shape[-1]))
    edges = np.column_stack([np.zeros(len(rain)), inner, highest])
    if (np.diff(edges) <= 0).any():
        raise ValueError(
            f"knots {inner.tolist()} must ascend, above zero and below the largest precipitation of their source "
            f"({highest} mm per step)"
        )
    return edges


def _order(record: normal.Record, lags: int, robust: bool) -> int:
    layout = record.layout(lags, noise.HIGHEST_ORDER)
    weights = _fit(record, layout, ridge.WEAK, robust).weights if robust else None
    return noise.choose_order(normal.total(normal.grams(record, layout, weights)), layout)


def _fit(record: normal.Record, layout: Layout, regularisation: ridge.Regularisation, robust: bool) -> Fit:
    plain = normal.total(normal.grams(record, layout))
    count = round(plain[0, 0])
    if count <= layout.size:
        raise ValueError(
            f"{count} complete rows cannot give {layout.size} coefficients: use fewer lags, knots or "
            "sources, or fill gaps (a row needs all of its lags)"
        )

    def solved(gram: np.ndarray) -> tuple[ridge.Solution, np.ndarray]:
        solution = ridge.estimate(gram, layout, count, regularisation)
        return solution, normal.residuals(record, layout, solution.coefficients)

    solution, residuals = solved(plain)
    if not robust:
        variance = float(np.nansum(residuals**2)) / (count - solution.freedom)
        return Fit(layout, solution, residuals, None, variance, variance * solution.inverse)
    weights = cauchy.weights(residuals)
    if layout.order:  # an outlier among the regressors would else hold on to the fit by leverage
        weights = cauchy.least_held(_fit(record, layout.of_order(0), regularisation, robust).weights, layout.order)
    for _ in range(REWEIGHTINGS):
        before = solution.coefficients
        solution, residuals = solved(normal.total(normal.grams(record, layout, weights)))
        if np.abs(solution.coefficients - before).max() <= SETTLED * np.abs(before).max():
            break
        weights = cauchy.weights(residuals)
    variance = cauchy.variance(residuals, solution.freedom)
    inverse = ridge.solve(plain, solution.penalty, solution.strength).inverse
    return Fit(layout, solution, residuals, weights, variance, variance * inverse)


def _diagnostics(fit: Fit) -> dict[str, tuple]:
    phi = fit.layout.autoregression(fit.solution.coefficients)
    weighted = fit.residuals if fit.weights is None else fit.residuals * fit.weights
    acf, pacf = noise.autocorrelation(weighted)
    return {
        "ar_order": ((), fit.layout.order, {"long_name": "order of the autoregressive noise", "units": "1"}),
        "ar": ("ar_lag", phi, {"long_name": "autoregressive coefficient of the noise", "units": "1"}),
        "nu": ((), fit.solution.strength, {"long_name": "relative strength of regularisation", "units": "1"}),
        "rows": ((), fit.count, {"long_name": "complete rows", "units": "1"}),
        "effective_rows": (
            (), noise.effective_count(phi, fit.count), {"long_name": "independent rows, given the noise", "units": "1"}
        ),
        "residual_variance": ((), fit.variance, {"long_name": "variance of the noise's innovations", "units": "mm2"}),
        "residual_acf": ("noise_lag", acf, {"long_name": "autocorrelation of residuals", "units": "1"}),
        "residual_pacf": ("noise_lag", pacf, {"long_name": "partial autocorrelation of residuals", "units": "1"}),
    }  # fmt: skip


def _coords(sources: np.ndarray, edges: np.ndarray, centre: np.ndarray, lag: np.ndarray) -> dict[str, tuple]:
    numbers = np.arange(1, edges.shape[1])
    time = {"long_name": "lag", "units": "d"}
    depth = {"long_name": "precipitation in one step", "units": "mm"}
    return {
        "source": ("source", sources),
        "lag": ("lag", lag, time),
        "lag_with": ("lag_with", lag, time),
        "knot": ("knot", numbers),
        "segment": ("segment", numbers),
        "knot_depth": (("source", "knot"), edges[:, 1:], depth),
        "segment_depth": (
            ("source", "segment"),
            centre,
            depth | {"long_name": "precipitation-weighted mean in one step"},
        ),
    }
