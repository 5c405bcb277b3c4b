"""Read, check and convert one basin's data."""

from hydronexus import archive
from hydronexus.forcing.ingest import ingest
from hydronexus.stage import run_basin, study_of


def work(job):
    archive.write(ingest(study_of(job), job.wildcards.basin), job.output[0])


run_basin(snakemake, work)  # noqa: F821
