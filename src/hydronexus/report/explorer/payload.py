"""What the explorer shows of one basin, small enough that a thousand basins fit in a page."""

import json
from typing import Any

import numpy as np
import xarray as xr

from hydronexus.config import Periods
from hydronexus.figures.erra import ERRORS
from hydronexus.figures.laws import store_levels
from hydronexus.figures.selection import test_steps
from hydronexus.report.explorer.curves import band, rounded
from hydronexus.report.summary import MODEL_NAMES

YEARS = 4  # of the hydrograph, the last of the test period
LAGS = 48  # at most, of a pulse response, close together where it changes fast
FINEST_FLOW = 1e-3  # mm d-1
FINEST_RAIN = 0.1  # mm d-1
FINEST_RESPONSE = 1e-5  # d-1
REFERENCES = {"field": "field", "mixed": "mixed", "law_true": "truth"}  # what a learned law is set beside
INDICES = (
    "elasticity", "elasticity_low", "elasticity_high", "t50", "t50_low", "t50_high", "t90", "t90_low", "t90_high",
    "nonlinearity", "memory", "deformation", "deformation_low", "deformation_high", "mixing_gain", "mixing_gain_low",
    "mixing_gain_high", "field_equation", "verdict",
)  # fmt: skip


def basin_payload(
    forcing: xr.Dataset,
    simulation: xr.Dataset,
    response: xr.Dataset,
    evaluation: dict[str, Any],
    periods: Periods,
) -> dict[str, Any]:
    """All that the explorer shows of a basin, ready for JSON.

    Parameters
    ----------
    forcing, simulation, response : xarray.Dataset
        The basin's stores; precipitation and streamflow in mm per step.
    evaluation : dict
        From :func:`hydronexus.evaluation.basin.evaluate_basin`.
    periods : Periods
        Split.

    Returns
    -------
    dict
        `place`, longitude and latitude [degrees], or None where one is unknown; `hydrograph` of the last years of the
        test period, by day [mm d-1]; `laws` at a low, a median and a high store, empty where laws are no function of
        stores; `routing`; `pulses` [d-1] by flux and intensity; `erra` [d-1], None where there is none; `skill` of all
        models in the test period; `indices` of every process; `climate`; `notes`; `quarantine`, None.
    """
    where = [forcing.attrs.get(name) for name in ("longitude", "latitude")]
    return {
        "place": None if None in where else [float(value) for value in where],
        "hydrograph": _hydrograph(forcing, simulation, periods),
        "laws": _laws(response) if "law" in response else [],
        "routing": _routing(response),
        "pulses": _pulses(response),
        "erra": _erra(response) if "erra" in response else None,
        "skill": _skill(evaluation["metrics"]),
        "indices": [{name: row.get(name) for name in ("process", *INDICES)} for row in evaluation["responses"]],
        "climate": evaluation["climate"][0],
        "notes": evaluation["notes"],
        "quarantine": None,
    }


def _hydrograph(forcing: xr.Dataset, simulation: xr.Dataset, periods: Periods) -> dict[str, Any]:
    step = forcing.attrs["time_step_days"]
    closed = simulation["streamflow"].sel(loop="closed")
    rates = test_steps(forcing[["precipitation", "streamflow"]].assign(closed=closed), periods) / step
    if step < 1:
        rates = rates.resample(time="1D").mean(skipna=False)
    rates = rates.isel(time=slice(-round(YEARS * 365.25 / max(step, 1)), None))
    return {
        "start": str(rates["time"].values[0].astype("datetime64[D]")),
        "step": max(step, 1),
        "precipitation": rounded(rates["precipitation"], FINEST_RAIN),
        "observed": rounded(rates["streamflow"], FINEST_FLOW),
        **band(rates["closed"], FINEST_FLOW),
    }


def _laws(response: xr.Dataset) -> list[dict[str, Any]]:
    labels = json.loads(response["law"].attrs["axes"])
    return [
        {"process": process, **labels[process], **_law(response.sel(process=process))}
        for process in map(str, response["process"].values)
    ]


def _law(law: xr.Dataset) -> dict[str, Any]:
    visited = law["law_visited"].transpose("x", "y").values.astype(bool)
    curves = []
    for level, row in store_levels(visited).items():
        at = law.isel(y=row, x=np.flatnonzero(visited[:, row]))
        curves.append(
            {
                "level": level,
                "store": rounded([at["law_y"].item()])[0],
                "drive": rounded(at["law_x"]),
                **band(at["law"]),
                **{
                    shown: rounded(at[name])
                    for name, shown in REFERENCES.items()
                    if name in at and np.isfinite(at[name]).any()
                },
            }
        )
    return {"equation": str(law["field_equation"].item()), "curves": curves}


def _routing(response: xr.Dataset) -> dict[str, Any]:
    equation = str(response["routing_equation"].item()) if "routing_equation" in response else ""
    return {"lag": rounded(response["routing_lag"]), "equation": equation, **band(response["routing"])}


def _pulses(response: xr.Dataset) -> dict[str, Any]:
    lags = response.sizes["lag"]
    kept = np.unique(np.geomspace(1, lags, LAGS).round().astype(int)) - 1
    weighted = response.isel(lag=kept)[["pulse", "pulse_true"] if "pulse_true" in response else ["pulse"]]
    weighted = weighted.weighted(response["pulse_count"]).mean("wetness_bin")

    def curve(flux: str, intensity: int) -> dict[str, list]:
        at = weighted.sel(flux=flux).isel(intensity_bin=intensity)
        truth = {"truth": rounded(at["pulse_true"], FINEST_RESPONSE)} if "pulse_true" in at else {}
        return band(at["pulse"], FINEST_RESPONSE) | truth

    fluxes = map(str, response["flux"].values)
    return {
        "lag": rounded(weighted["lag"]),
        "intensity": rounded(response["intensity"]),
        "fluxes": {flux: [curve(flux, i) for i in range(response.sizes["intensity_bin"])] for flux in fluxes},
    }


def _erra(response: xr.Dataset) -> dict[str, Any]:
    """Mean and 95 % interval of every series by intensity."""

    def curve(at: xr.Dataset) -> dict[str, list]:
        error = ERRORS * at["erra_error"]
        sides = {"mean": at["erra"], "low": at["erra"] - error, "high": at["erra"] + error}
        return {name: rounded(values, FINEST_RESPONSE) for name, values in sides.items()}

    bins = range(response.sizes["intensity_bin"])
    return {
        "lag": rounded(response["erra_lag"]),
        "series": {
            series: [curve(response.sel(series=series).isel(intensity_bin=i)) for i in bins]
            for series in map(str, response["series"].values)
        },
    }


def _skill(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    test = {row["model"]: row for row in metrics if row["period"] == "test"}
    return [
        {"model": model, "name": name, "nse": test[model]["nse"], "kge": test[model]["kge"]}
        for model, name in MODEL_NAMES.items()
        if model in test
    ]
