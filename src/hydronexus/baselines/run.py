"""All baselines of one basin."""

import logging

import xarray as xr

from hydronexus.baselines.conceptual import calibrate
from hydronexus.baselines.lstm import train_lstm
from hydronexus.config import Study

log = logging.getLogger(__name__)


def run_baselines(study: Study, forcing: xr.Dataset, basin: str) -> xr.Dataset:
    """Train and run the baselines a study asks for.

    Returns
    -------
    xarray.Dataset
        Streamflow [mm per step] of `lstm` (seed, time) and `gr4j` (time), float32.
    """
    periods = study.periods_of(forcing.attrs["dataset"])
    attrs = {"basin": basin}
    arrays = {}
    if "lstm" in study.baselines:
        arrays["lstm"] = train_lstm(forcing, periods, study.training, study.model.hidden_size, basin, log.info)
    if "gr4j" in study.baselines:
        warmup = round(study.training.warmup / float(forcing.attrs["time_step_days"]))
        arrays["gr4j"] = calibrate(forcing, periods, warmup, basin)
        attrs |= {f"gr4j_{key}": value for key, value in arrays["gr4j"].attrs.items()}
        log.info("%s: GR4J calibrated: %s", basin, attrs["gr4j_calibration"])
    result = xr.Dataset(arrays, attrs=attrs).astype("float32")
    for array in result.data_vars.values():
        array.attrs = {"units": "mm", "long_name": "streamflow per time step"}
    return result
