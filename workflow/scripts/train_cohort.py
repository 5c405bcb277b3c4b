"""Train many basins at once; each basin's own job takes up the result."""

import json
from pathlib import Path

from hydronexus.stage import start, study_of, told_to_stop
from hydronexus.training.run import advance_cohort

job = snakemake  # noqa: F821
start(job)
forcing, weights, checkpoints = (
    dict(zip(job.params.periods, map(Path, paths), strict=True))
    for paths in (job.input, job.params.weights, job.params.checkpoints)
)
with told_to_stop() as stop:
    outcome = advance_cohort(forcing, study_of(job), weights, checkpoints, stop)
Path(job.output[0]).write_text(json.dumps(outcome, indent=2))
