"""Simulate one basin in open and closed loop, and put it through the physics probes."""

import json

from hydronexus import archive
from hydronexus.evaluation.probes import probe
from hydronexus.stage import run_basin, study_of
from hydronexus.training import checkpoint
from hydronexus.training.simulate import runner, simulate


def work(job):
    study = study_of(job)
    forcing = archive.read(job.input.forcing)
    weights, _ = checkpoint.read(job.input.weights)
    periods = study.periods_of(forcing.attrs["dataset"])
    trained = (weights, forcing, periods, study.model, study.training)
    simulation = simulate(*trained)
    probes = {"nexus_closed": probe(runner(*trained), forcing).to_dict("records")}
    archive.write(simulation.assign_attrs(probes=json.dumps(probes)), job.output[0])


run_basin(snakemake, work)  # noqa: F821
