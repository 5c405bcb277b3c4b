import re

from snakemake.exceptions import WorkflowError

try:
    from hydronexus.errors import ConfigurationError
except ImportError:
    raise WorkflowError("hydronexus is not installed in this environment; run: pip install -e .") from None

from hydronexus.config import load_study
from hydronexus.forcing import catalogue
from hydronexus.forcing.readers.example import ARCHIVE
from hydronexus.locking import release_stale_lock
from hydronexus.provenance import code_digest

if workflow.is_main_process:
    release_stale_lock()

try:
    STUDY = load_study(config)
    BASINS = catalogue.basins(STUDY)
except ConfigurationError as error:
    raise WorkflowError(str(error)) from None

COHORTS = catalogue.cohorts(BASINS, STUDY.cohorts)
EXAMPLE = str(ARCHIVE)
RESULTS = f"results/{STUDY.study}"
CODE = {
    "forcing": code_digest("forcing", "virtual", "archive"),
    "train": code_digest("model", "training"),
    "baselines": code_digest("baselines"),
    "response": code_digest("response", "virtual"),
    "evaluation": code_digest("evaluation"),
    "figures": code_digest("figures"),
    "report": code_digest("report"),
}
TRAIN_GPU = int(STUDY.training.device == "cuda")


wildcard_constraints:
    basin="|".join(re.escape(basin) for basin in BASINS),
    cohort=r"\d+",


def dataset_settings(wildcards):
    return STUDY.dataset_settings(BASINS[wildcards.basin][0])


def basin_periods(basin):
    return STUDY.periods_of(BASINS[basin][0]).model_dump_json()


def periods(wildcards):
    return basin_periods(wildcards.basin)


def cohort(wildcards):
    # Ancient: a cohort that has to run again for one basin leaves the others of it alone.
    return [ancient(f"{RESULTS}/cohorts/{name}.json") for name, basins in COHORTS.items() if wildcards.basin in basins]


def per_basin(pattern):
    return [pattern.format(results=RESULTS, basin=basin) for basin in BASINS]


def example_archive(wildcards):
    dataset = STUDY.datasets[BASINS[wildcards.basin][0]]
    return EXAMPLE if dataset.format == "example" else []


localrules:
    all,
    fetch_example,
    finish_study,
