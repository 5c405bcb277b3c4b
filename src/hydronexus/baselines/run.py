"""All baselines of one basin."""

import json
import logging
from pathlib import Path

import xarray as xr

from hydronexus.baselines import conceptual, prescribed
from hydronexus.baselines.heterogeneity import train_controls
from hydronexus.baselines.lstm import train_lstm
from hydronexus.config import Study
from hydronexus.evaluation.probes import probe
from hydronexus.precipitation.unlikeness import spatial_cv

FLOW = {"units": "mm", "long_name": "streamflow per time step"}
CALIBRATED = {"gr4j": conceptual.calibrate, "prescribed": prescribed.calibrate}
log = logging.getLogger(__name__)


def run_baselines(study: Study, forcing: xr.Dataset, basin: str, precipitation: str | Path | None = None) -> xr.Dataset:
    """Train and run the baselines a study asks for.

    Parameters
    ----------
    study : Study
    forcing : xarray.Dataset
        Canonical forcing.
    basin : str
        For messages.
    precipitation : str or Path, optional
        Statistics of the basin's gridded rain, for `heterogeneity`; need not be there.

    Returns
    -------
    xarray.Dataset
        Streamflow [mm per step] of `lstm` (seed, time), `gr4j` and `prescribed` (time), float32; what the physics
        probes found, as JSON in the attribute `probes`; of calibrated models, `{model}_parameters` and
        `{model}_calibration`. With `heterogeneity`, where that of rain is known, `nexus_heterogeneity` and
        `nexus_placebo` (seed, time), and what they have learned as JSON in the attribute `heterogeneity`.
    """
    periods = study.periods_of(forcing.attrs["dataset"])
    warmup = round(study.training.warmup / float(forcing.attrs["time_step_days"]))
    flows, probes, attrs = {}, {}, {"basin": basin}
    for name in study.baselines:
        if name == "heterogeneity":
            cv = spatial_cv(forcing, precipitation)
            if cv is not None:
                controls, learned = train_controls(study, forcing, cv, basin)
                flows |= {name: (("seed", "time"), flow.astype("float32"), FLOW) for name, flow in controls.items()}
                attrs["heterogeneity"] = json.dumps(learned)
            continue
        if name == "lstm":
            run = train_lstm(forcing, periods, study.training, study.model.hidden_size, basin, log.info)
        else:
            run, facts = CALIBRATED[name](forcing, periods, warmup, basin)
            attrs |= {f"{name}_{key}": value for key, value in facts.items()}
            log.info("%s: %s calibrated: %s", basin, name, facts["calibration"])
        flow = run(forcing).astype("float32")
        dims, values = (("seed", "time"), flow) if name == "lstm" else (("time",), flow[0])
        flows[name] = (dims, values, FLOW)
        probes[name] = probe(run, forcing).to_dict("records")
    return xr.Dataset(flows, {"time": forcing["time"]}, attrs | {"probes": json.dumps(probes)})
