"""Simulate one basin in open and closed loop."""

from hydronexus import archive
from hydronexus.stage import run_basin, study_of
from hydronexus.training import checkpoint
from hydronexus.training.simulate import simulate


def work(job):
    study = study_of(job)
    forcing = archive.read(job.input.forcing)
    weights, _ = checkpoint.read(job.input.weights)
    periods = study.periods_of(forcing.attrs["dataset"])
    archive.write(simulate(weights, forcing, periods, study.model, study.training), job.output[0])


run_basin(snakemake, work)  # noqa: F821
