"""Put the evaluations of all basins, and what was found on grids, into tables."""

import json
from pathlib import Path

import pandas as pd

from hydronexus.evaluation.aggregate import aggregate
from hydronexus.stage import start

start(snakemake)  # noqa: F821
found = snakemake.input  # noqa: F821
evaluations = [json.loads(Path(path).read_text()) for path in found.evaluations]
evaluations += [{"quarantine": reason} for path in found.failed for reason in json.loads(Path(path).read_text())]
summaries, storms = ([pd.read_csv(path) for path in paths] for paths in (found.summaries, found.storms))
for name, table in aggregate(evaluations, summaries, storms).items():
    table.to_csv(snakemake.output[name], index=False)  # noqa: F821
