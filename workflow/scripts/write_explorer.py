"""Write the explorer of a study."""

import json
from pathlib import Path

from hydronexus.report.explorer.page import write_explorer
from hydronexus.stage import start, study_of

start(snakemake)  # noqa: F821
payloads = ((Path(path).stem, json.loads(Path(path).read_text())) for path in snakemake.input)  # noqa: F821
write_explorer(study_of(snakemake).study, payloads, snakemake.output[0])  # noqa: F821
