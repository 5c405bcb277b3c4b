"""Put the evaluations of all basins into tables."""

import json
from pathlib import Path

from hydronexus.evaluation.aggregate import aggregate
from hydronexus.stage import start

start(snakemake)  # noqa: F821
evaluations = [json.loads(Path(path).read_text()) for path in snakemake.input]  # noqa: F821
for name, table in aggregate(evaluations).items():
    table.to_csv(snakemake.output[name], index=False)  # noqa: F821
