"""Draw the study's figures and write its report."""

import json
from pathlib import Path

import pandas as pd

from hydronexus import archive
from hydronexus.evaluation.aggregate import notes_of
from hydronexus.figures.study import draw_study
from hydronexus.report.software import versions
from hydronexus.report.write import write_report
from hydronexus.stage import start, study_of

start(snakemake)  # noqa: F821
tables = {Path(path).stem: pd.read_csv(path) for path in snakemake.input.tables}  # noqa: F821
evaluations = {Path(path).stem: json.loads(Path(path).read_text()) for path in snakemake.input.evaluations}  # noqa: F821
responses = dict(zip(evaluations, snakemake.input.responses, strict=True))  # noqa: F821
for name, figure in draw_study(tables, lambda basin: archive.read(responses[basin])).items():
    figure.savefig(snakemake.output[name])  # noqa: F821
write_report(
    tables,
    study_of(snakemake),  # noqa: F821
    "figures",
    list(evaluations),
    snakemake.output.report,  # noqa: F821
    versions(),
    notes_of(list(evaluations.values())),
)
