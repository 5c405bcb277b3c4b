"""Extract the response functions of one basin."""

from hydronexus import archive
from hydronexus.precipitation.unlikeness import spatial_cv
from hydronexus.response.extract import extract
from hydronexus.response.rain import observed
from hydronexus.stage import run_basin, study_of
from hydronexus.training import checkpoint


def work(job):
    study = study_of(job)
    forcing = archive.read(job.input.forcing)
    weights, _ = checkpoint.read(job.input.weights)
    simulation = archive.read(job.input.simulation)
    periods = study.periods_of(forcing.attrs["dataset"])
    rain, cv = observed(forcing, job.input.summaries), spatial_cv(forcing, job.params.precipitation)
    responses = extract(weights, forcing, simulation, periods, study.model, study.training, study.response, rain, cv)
    archive.write(responses, job.output[0])


run_basin(snakemake, work)  # noqa: F821
