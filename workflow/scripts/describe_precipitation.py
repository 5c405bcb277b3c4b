"""Describe the rain over all basins of one grid."""

import json
import logging
import sys
from pathlib import Path

from hydronexus.errors import HydronexusError
from hydronexus.precipitation.run import describe_grid
from hydronexus.stage import start, study_of

if __name__ == "__main__":  # workers import this file
    start(snakemake)  # noqa: F821
    job = snakemake  # noqa: F821
    study, name = study_of(job), job.wildcards.grid
    identity = f"{job.params.source} {job.params.code}"
    try:
        summary, storms, failed = describe_grid(
            name,
            study.precipitation_grids[name],
            study.workers,
            job.params.names,
            identity,
            Path(job.output.summary).parents[1],
            job.threads,
        )
    except HydronexusError as error:
        logging.getLogger("hydronexus").error("precipitation_grids.%s: %s", name, error)
        sys.exit(1)
    summary.to_csv(job.output.summary, index=False)
    storms.to_csv(job.output.storms, index=False)
    reasons = [
        {"basin": basin, "stage": job.rule, "error": type(error).__name__, "reason": error.problem}
        for basin, error in failed.items()
    ]
    Path(job.output.failed).write_text(json.dumps(reasons, indent=1))
