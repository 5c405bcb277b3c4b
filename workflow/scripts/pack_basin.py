"""Pack what the explorer shows of one basin."""

import json
from pathlib import Path

from hydronexus import archive
from hydronexus.report.explorer.payload import basin_payload
from hydronexus.stage import run_basin, study_of


def work(job):
    stores = {name: archive.read(job.input[name]) for name in ("forcing", "simulation", "response")}
    periods = study_of(job).periods_of(stores["forcing"].attrs["dataset"])
    evaluation = json.loads(Path(job.input.evaluation).read_text())
    payload = basin_payload(**stores, evaluation=evaluation, periods=periods)
    Path(job.output[0]).write_text(json.dumps(payload, allow_nan=False))


run_basin(snakemake, work)  # noqa: F821
