"""Train the baseline models on one basin."""

from hydronexus import archive
from hydronexus.baselines.run import run_baselines
from hydronexus.stage import run_basin, study_of


def work(job):
    archive.write(run_baselines(study_of(job), archive.read(job.input.forcing), job.wildcards.basin), job.output[0])


run_basin(snakemake, work)  # noqa: F821
