"""Score one basin: skill, closure, recovery of a known truth, response indices."""

import json
from pathlib import Path

from hydronexus import archive
from hydronexus.evaluation.basin import evaluate_basin
from hydronexus.stage import run_basin, study_of


def work(job):
    forcing = archive.read(job.input.forcing)
    study, dataset = study_of(job), forcing.attrs["dataset"]
    evaluation = evaluate_basin(
        forcing,
        archive.read(job.input.simulation),
        archive.read(job.input.baselines),
        archive.read(job.input.response),
        study.periods_of(dataset),
        study.training.warmup,
        job.wildcards.basin,
        dataset,
    )
    Path(job.output[0]).write_text(json.dumps(evaluation, indent=1))


run_basin(snakemake, work)  # noqa: F821
