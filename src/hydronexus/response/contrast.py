"""Whether streamflow responds otherwise to uneven rain than to even rain of the same depth in the same season."""

import numpy as np
import statsmodels.api as sm
import xarray as xr

from hydronexus.precipitation.unlikeness import matched_thirds

DAYS = 10.0  # d, that a response is followed
MEMORY = 30.0  # d, over which errors of streamflow are taken to be dependent
LEAST = 100  # steps with known heterogeneity
SERIES = ("observed", "simulated", "missed")


def contrast(
    precipitation: xr.DataArray, cv: xr.DataArray, observed: np.ndarray, simulated: np.ndarray, step: float
) -> xr.Dataset | None:
    """Response to the most uneven third of rain less that to the most even third, at matched depth and season.

    Streamflow is regressed on lagged rain and on lagged rain signed by its third (+1/2 uneven, -1/2 even, 0 between),
    so that the coefficients of the latter are the difference of two runoff response distributions. A model that reads
    mean rain cannot tell the thirds apart but by what else differs between them, such as the wetness before; what
    it *missed* (observed less simulated) is free of that.

    Parameters
    ----------
    precipitation, cv : xarray.DataArray
        [mm per step] and CV over the catchment [-], dim time.
    observed, simulated : numpy.ndarray
        Streamflow [mm per step], shape (time,); NaN where missing or not to be used.
    step : float
        Time step [d].

    Returns
    -------
    xarray.Dataset or None
        `contrast` and `contrast_error` (contrast_series, contrast_lag) [d-1]; `contrast_volume` and
        `contrast_volume_error` (contrast_series) [-], share of rain; standard errors allow for autocorrelation
        (Newey and West 1987). `contrast_cv` (third) and `contrast_depth` (third) [mm d-1], means;
        `contrast_steps`. None with fewer than 100 steps.
    """
    thirds = matched_thirds(precipitation, cv)
    lags = round(DAYS / step)
    rain = precipitation.values.astype(float)
    design = np.column_stack([_lagged(rain, lags), _lagged(rain * (thirds == 2) / 2 - rain * (thirds == 0) / 2, lags)])
    usable = np.isfinite(design).all(1) & np.isfinite(observed) & np.isfinite(simulated)
    used = usable & (thirds >= 0)
    if used.sum() < LEAST:
        return None
    total = np.r_[np.zeros(1 + lags), np.ones(lags)]
    found = []
    for flow in (observed, simulated, observed - simulated):
        model = sm.OLS(flow[usable], sm.add_constant(design[usable], has_constant="add"))
        fit = model.fit(cov_type="HAC", cov_kwds={"maxlags": round(MEMORY / step)})
        volume = fit.t_test(total)
        found.append((fit.params[1 + lags :], fit.bse[1 + lags :], volume.effect.item(), volume.sd.item()))
    values, errors, volumes, volume_errors = (np.array(column) for column in zip(*found, strict=True))
    dims = ("contrast_series", "contrast_lag")
    by_third = [used & (thirds == third) for third in range(3)]
    return xr.Dataset(
        {
            "contrast": (dims, values / step, {"units": "d-1"}),
            "contrast_error": (dims, errors / step, {"units": "d-1"}),
            "contrast_volume": ("contrast_series", volumes, {"units": "1"}),
            "contrast_volume_error": ("contrast_series", volume_errors, {"units": "1"}),
            "contrast_cv": ("third", [float(cv.values[rows].mean()) for rows in by_third], {"units": "1"}),
            "contrast_depth": ("third", [float(rain[rows].mean() / step) for rows in by_third], {"units": "mm d-1"}),
            "contrast_steps": ((), int(used.sum())),
        },
        {"contrast_series": list(SERIES), "contrast_lag": np.arange(lags) * step},
    )


def _lagged(values: np.ndarray, lags: int) -> np.ndarray:
    """Column k holds the values k steps earlier, NaN before the record."""
    padded = np.r_[np.full(lags - 1, np.nan), values]
    return np.lib.stride_tricks.sliding_window_view(padded, lags)[:, ::-1]
