import re

from snakemake.exceptions import WorkflowError

try:
    from hydronexus.errors import ConfigurationError
except ImportError:
    raise WorkflowError("hydronexus is not installed in this environment; run: pip install -e .") from None

from hydronexus.clock import date_no_later_than_now
from hydronexus.config import load_study
from hydronexus.forcing import catalogue
from hydronexus.forcing.fetch import RADAR_ARCHIVE
from hydronexus.forcing.readers.example import ARCHIVE
from hydronexus.locking import release_stale_lock
from hydronexus.orphans import name_starter
from hydronexus.precipitation import identity as grids
from hydronexus.provenance import code_digest

name_starter()

try:
    STUDY = load_study(config)
    BASINS = catalogue.basins(STUDY)
except ConfigurationError as error:
    raise WorkflowError(str(error)) from None

COHORTS = catalogue.cohorts(BASINS, STUDY.cohorts)
EXAMPLE = str(ARCHIVE)
RADAR = str(RADAR_ARCHIVE)
GRIDS = list(STUDY.precipitation_grids)
RESULTS = f"results/{STUDY.study}"
if workflow.is_main_process and release_stale_lock():
    date_no_later_than_now(RESULTS, "cache")
CODE = {
    "forcing": code_digest("forcing", "virtual", "fieldscale", "archive"),
    "precipitation": code_digest("precipitation", "archive"),
    "train": code_digest("model", "training"),
    "baselines": code_digest("baselines"),
    "response": code_digest("response", "erra", "fieldscale", "virtual"),
    "evaluation": code_digest("evaluation"),
    "figures": code_digest("figures"),
    "explorer": code_digest("report/explorer"),
    "report": code_digest("report"),
}
TRAIN_GPU = int(STUDY.training.device == "cuda") if STUDY.gpus is None else STUDY.gpus


wildcard_constraints:
    basin="[^/]+_[^/]+",  # not the names of all: Snakemake goes through the whole text of it for every file
    cohort=r"\d+",
    grid="|".join(map(re.escape, GRIDS)) or "none",


def dataset_of(basin):
    if basin not in BASINS:
        raise WorkflowError(f"{basin} is no basin of the study '{STUDY.study}'; its names are DATASET_ID.")
    return BASINS[basin][0]


def dataset_settings(wildcards):
    return STUDY.dataset_settings(dataset_of(wildcards.basin))


def basin_periods(basin):
    return STUDY.periods_of(dataset_of(basin)).model_dump_json()


def periods(wildcards):
    return basin_periods(wildcards.basin)


def cohort(wildcards):
    # Ancient: a cohort that has to run again for one basin leaves the others of it alone.
    return [ancient(f"{RESULTS}/cohorts/{name}.json") for name, basins in COHORTS.items() if wildcards.basin in basins]


def per_basin(pattern):
    return [pattern.format(results=RESULTS, basin=basin) for basin in BASINS]


def example_archive(wildcards):
    dataset = STUDY.datasets[dataset_of(wildcards.basin)]
    return EXAMPLE if dataset.format == "example" else []


def radar_archive(wildcards):
    return RADAR if STUDY.precipitation_grids[wildcards.grid].path == "example" else []


def summaries_of(wildcards):
    """Tables of the grids that a basin lies in."""
    dataset = dataset_of(wildcards.basin)
    return [f"{RESULTS}/precipitation/{name}/summary.csv" for name, grid in STUDY.precipitation_grids.items() if grid.dataset == dataset]


def grid_basins(wildcards):
    """Full names of the only basins to describe, by id; None for all of the grid's own."""
    dataset = STUDY.precipitation_grids[wildcards.grid].dataset
    return dataset and {own: name for name, (of, own) in BASINS.items() if of == dataset}


localrules:
    all,
    fetch_example,
    fetch_radar,
    finish_study,
