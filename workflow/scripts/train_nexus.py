"""Train the nexus model on one basin."""

from hydronexus import archive
from hydronexus.stage import run_basin, study_of, told_to_stop
from hydronexus.training.run import train_basin


def work(job):
    with told_to_stop() as stop:
        train_basin(
            archive.read(job.input.forcing),
            study_of(job),
            job.wildcards.basin,
            job.output.weights,
            job.output.history,
            job.output.configuration,
            job.params.checkpoint,
            stop,
        )


run_basin(snakemake, work)  # noqa: F821
