"""ERRA of observed and simulated streamflow, beside the model's own response to removed rain."""

import numpy as np
import xarray as xr

from hydronexus.erra import erra

SERIES = ("observed", "simulated")


def runoff_responses(
    precipitation: np.ndarray, observed: np.ndarray, simulated: np.ndarray, knots: np.ndarray, lag: int, step: float
) -> xr.Dataset:
    """Nonlinear responses of two series of streamflow to precipitation, by ensemble rainfall-runoff analysis.

    Parameters
    ----------
    precipitation, observed, simulated : numpy.ndarray
        [mm per step], shape (time,); NaN where missing.
    knots : numpy.ndarray
        Bounds between classes of precipitation [mm per step], shape (class - 1,); those of the pulses, so that classes
        compare.
    lag : int
        Steps.
    step : float
        [d]

    Returns
    -------
    xarray.Dataset
        `erra` and `erra_error` (series, intensity_bin, erra_lag) [d-1], response per mm of each class and its standard
        error; `erra_rrd` and `erra_rrd_error` (series, erra_lag) [d-1], of all precipitation; `erra_intensity` (series,
        intensity_bin) [mm d-1]; `erra_ar_order` (series).

    Raises
    ------
    ValueError
        If the record is too short or too dry.
    """
    parts = []
    for flow in (observed, simulated):
        found = erra(precipitation, flow, lags=lag, step=step, knots=knots, regularisation="gcv").squeeze("source")
        parts.append(
            xr.Dataset(
                {
                    "erra": (("intensity_bin", "erra_lag"), found["rrd_segment"].values, {"units": "d-1"}),
                    "erra_error": (
                        ("intensity_bin", "erra_lag"),
                        found["nrf_segment_error"].values / found["segment_depth"].values[:, None],
                        {"units": "d-1"},
                    ),
                    "erra_rrd": ("erra_lag", found["rrd"].values, {"units": "d-1"}),
                    "erra_rrd_error": ("erra_lag", found["rrd_error"].values, {"units": "d-1"}),
                    "erra_intensity": ("intensity_bin", found["segment_depth"].values / step, {"units": "mm d-1"}),
                    "erra_ar_order": ((), int(found["ar_order"])),
                }
            )
        )
    coords = {"series": list(SERIES), "erra_lag": ("erra_lag", np.arange(lag) * step, {"units": "d"})}
    return xr.concat(parts, "series").assign_coords(coords)
