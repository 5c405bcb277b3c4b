"""Draw the largest storm of one grid; where that cannot be done, a notice says why and the study goes on."""

import logging
from pathlib import Path

import pandas as pd

from hydronexus.figures.notice import notice
from hydronexus.figures.storm import storm
from hydronexus.precipitation.storm import largest_storm, streamflow_at
from hydronexus.stage import start, study_of


def draw(job):
    name, storms = job.wildcards.grid, pd.read_csv(job.input.storms)
    if storms.empty:
        return notice(f"{name}: the largest storm\nNo basin of this grid has a storm.")
    settings = study_of(job).precipitation_grids[name]
    forcing = {Path(path).name.removesuffix(".zarr.zip"): Path(path) for path in job.input.forcing}
    try:
        found = largest_storm(name, settings, job.params.names, storms, Path(job.input.storms).parents[1])
        return storm(**vars(found), streamflow=streamflow_at(found.event["basin"], name, settings, forcing))
    except Exception as error:
        logging.getLogger("hydronexus").exception("precipitation_grids.%s: no figure of a storm", name)
        return notice(f"{name}: the largest storm could not be drawn\n{error}")


start(snakemake)  # noqa: F821
draw(snakemake).savefig(snakemake.output[0])  # noqa: F821
