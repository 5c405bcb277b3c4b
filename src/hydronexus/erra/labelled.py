"""From coefficients to labelled response functions."""

import numpy as np

LONG_NAMES = {
    "rrd": "runoff response distribution, weighted by precipitation",
    "nrf_knot": "nonlinear response to precipitation at the knot",
    "nrf_segment": "nonlinear response to precipitation in the segment",
}


def response_functions(
    beta: np.ndarray, covariance: np.ndarray, knots: np.ndarray, share: np.ndarray, centre: np.ndarray, step: float
) -> dict[str, tuple]:
    """RRD and NRF, their errors, their covariance over lags and their volumes.

    Every one is a sum over segments, sum of L beta, so its covariance over lags is the same sum of covariances:
    RRD with L the share of precipitation in the segment, NRF at a knot with L the widths of all segments up to it,
    NRF of a segment with L the widths below it and how far its mean intensity lies within it.

    Parameters
    ----------
    beta : numpy.ndarray
        Streamflow per unit of precipitation within a segment [-], shape (source, segment, lag).
    covariance : numpy.ndarray
        Its covariance, shape (source, segment, lag, source, segment, lag).
    knots : numpy.ndarray
        [mm per step], shape (source, segment + 1).
    share, centre : numpy.ndarray
        From :func:`hydronexus.erra.normal.intensities`, shape (source, segment).
    step : float
        Time step [d].

    Returns
    -------
    dict
        Variables of :func:`hydronexus.erra.erra` as (dims, values, attributes).
    """
    within = np.einsum("sakscl->sakcl", covariance)  # no covariance between sources is asked for
    width = np.diff(knots)
    to_knot = width[:, None, :] * np.tri(width.shape[1])
    to_centre = (
        width[:, None, :] * np.tri(width.shape[1], k=-1) + np.eye(width.shape[1]) * (centre - knots[:, :-1])[:, None]
    )
    found = {}
    for name, dim, sums, depth in (
        ("rrd", (), share[:, None, :], None),
        ("nrf_knot", ("knot",), to_knot, knots[:, 1:]),
        ("nrf_segment", ("segment",), to_centre, centre),
    ):
        response = np.einsum("sja,sak->sjk", sums, beta) / step
        spread = np.einsum("sja,sakcl,sjc->sjkl", sums, within, sums) / step**2
        found |= _described(name, dim, response, spread, step, "d-1" if depth is None else "mm d-1")
        if depth is not None:
            per_mm = depth[..., None]
            found |= {
                name.replace("nrf", "rrd"): (
                    ("source", *dim, "lag"), response / per_mm, _of("response per mm of precipitation", "d-1")
                ),
                name.replace("nrf", "rrd") + "_error": (
                    ("source", *dim, "lag"), _errors(spread) / per_mm, _of("standard error", "d-1")
                ),
            }  # fmt: skip
    return found


def _described(
    name: str, dim: tuple[str, ...], response: np.ndarray, spread: np.ndarray, step: float, units: str
) -> dict[str, tuple]:
    if not dim:
        response, spread = response[:, 0], spread[:, 0]
    dims = ("source", *dim)
    square = "d-2" if units == "d-1" else "mm2 d-2"
    depth = "1" if units == "d-1" else "mm"
    volume_error = np.sqrt(np.maximum(spread.sum((-1, -2)), 0)) * step
    return {
        name: ((*dims, "lag"), response, _of(LONG_NAMES[name], units)),
        f"{name}_error": ((*dims, "lag"), _errors(spread), _of("standard error", units)),
        f"{name}_covariance": ((*dims, "lag", "lag_with"), spread, _of("covariance over lags", square)),
        f"{name}_volume": (dims, response.sum(-1) * step, _of("sum over lags", depth)),
        f"{name}_volume_error": (dims, volume_error, _of("standard error of the sum over lags", depth)),
    }


def _errors(spread: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(np.diagonal(spread, axis1=-2, axis2=-1), 0))


def _of(long_name: str, units: str) -> dict[str, str]:
    return {"long_name": long_name, "units": units}
