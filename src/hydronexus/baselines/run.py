"""All baselines of one basin."""

import json
import logging

import xarray as xr

from hydronexus.baselines import conceptual, prescribed
from hydronexus.baselines.lstm import train_lstm
from hydronexus.config import Study
from hydronexus.evaluation.probes import probe

CALIBRATED = {"gr4j": conceptual.calibrate, "prescribed": prescribed.calibrate}
log = logging.getLogger(__name__)


def run_baselines(study: Study, forcing: xr.Dataset, basin: str) -> xr.Dataset:
    """Train and run the baselines a study asks for.

    Returns
    -------
    xarray.Dataset
        Streamflow [mm per step] of `lstm` (seed, time), `gr4j` and `prescribed` (time), float32; what the physics
        probes found, as JSON in the attribute `probes`; of calibrated models, `{model}_parameters` and
        `{model}_calibration`.
    """
    periods = study.periods_of(forcing.attrs["dataset"])
    warmup = round(study.training.warmup / float(forcing.attrs["time_step_days"]))
    flows, probes, attrs = {}, {}, {"basin": basin}
    for name in study.baselines:
        if name == "lstm":
            run = train_lstm(forcing, periods, study.training, study.model.hidden_size, basin, log.info)
        else:
            run, facts = CALIBRATED[name](forcing, periods, warmup, basin)
            attrs |= {f"{name}_{key}": value for key, value in facts.items()}
            log.info("%s: %s calibrated: %s", basin, name, facts["calibration"])
        flow = run(forcing).astype("float32")
        dims, values = (("seed", "time"), flow) if name == "lstm" else (("time",), flow[0])
        flows[name] = (dims, values, {"units": "mm", "long_name": "streamflow per time step"})
        probes[name] = probe(run, forcing).to_dict("records")
    return xr.Dataset(flows, {"time": forcing["time"]}, attrs | {"probes": json.dumps(probes)})
