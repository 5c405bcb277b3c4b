"""Draw the figures of one basin."""

from hydronexus import archive
from hydronexus.figures.basin import draw_basin
from hydronexus.stage import run_basin, study_of


def work(job):
    stores = {name: archive.read(job.input[name]) for name in ("forcing", "simulation", "baselines", "response")}
    periods = study_of(job).periods_of(stores["forcing"].attrs["dataset"])
    for name, figure in draw_basin(**stores, periods=periods).items():
        figure.savefig(job.output[name])


run_basin(snakemake, work)  # noqa: F821
