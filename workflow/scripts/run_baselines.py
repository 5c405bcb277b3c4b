"""Train the baseline models on one basin."""

from hydronexus import archive
from hydronexus.baselines.run import run_baselines
from hydronexus.stage import run_basin, study_of


def work(job):
    forcing, basin = archive.read(job.input.forcing), job.wildcards.basin
    archive.write(run_baselines(study_of(job), forcing, basin, job.params.precipitation), job.output[0])


run_basin(snakemake, work)  # noqa: F821
