"""A whole study run by the workflow's own scripts in this process, one stage of all basins after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydronexus import quarantine
from hydronexus.config import Study, load_study
from hydronexus.forcing import catalogue
from tests.faults.jobs import run_script

TABLES = (
    "metrics", "closure", "responses", "recovery", "probes", "intervals", "climate", "uneven_rain", "claims",
    "heterogeneity", "storms", "drivers", "quarantine",
)  # fmt: skip
BASIN_FIGURES = ("hydrograph", "flow_duration", "stores_and_fluxes", "laws", "pulse_response", "erra")
STUDY_FIGURES = ("skill", "climate", "response_functions", "responses", "recovery")


@dataclass(frozen=True)
class Stages:
    """A configuration and the folder of its results.

    Parameters
    ----------
    config : mapping
    folder : pathlib.Path
    """

    config: Mapping[str, Any]
    folder: Path

    @property
    def study(self) -> Study:
        return load_study(self.config)

    @property
    def basins(self) -> list[str]:
        return list(catalogue.basins(self.study))

    def store(self, stage: str, basin: str) -> Path:
        """Where a stage's arrays of a basin are."""
        return self.folder / stage / f"{basin}.zarr.zip"

    def weights(self, basin: str) -> Path:
        return self.folder / "models" / basin / "weights.safetensors"

    def evaluation(self, basin: str) -> Path:
        return self.folder / "evaluation" / f"{basin}.json"

    def reason(self, basin: str) -> dict[str, Any] | None:
        """Why a basin has no evaluation, or None where it has one."""
        return quarantine.reason_of(self.evaluation(basin))

    def run_basin(self, basin: str, figures: bool) -> None:
        """All stages of a basin, with or without its figures."""
        models, grids = self.weights(basin).parent, self.folder / "precipitation" / f"{basin}.zarr.zip"
        stores = {name: self.store(name, basin) for name in ("forcing", "simulation", "baselines", "response")}
        forcing, weights = {"forcing": stores["forcing"]}, {"weights": self.weights(basin)}
        trained = {"history": models / "training_log.csv", "configuration": models / "configuration.json"}
        for path in (models, self.folder / "evaluation", self.folder / "explorer", self.folder / "figures" / basin):
            path.mkdir(parents=True, exist_ok=True)
        checkpoint = {"checkpoint": self.folder / "checkpoints" / f"{basin}.safetensors"}
        self._run("ingest_basin", basin, stores["forcing"])
        self._run("train_nexus", basin, weights | trained, forcing, checkpoint)
        self._run("simulate_nexus", basin, stores["simulation"], forcing | weights)
        self._run("run_baselines", basin, stores["baselines"], forcing | {"summaries": []}, {"precipitation": grids})
        responding = forcing | weights | {"simulation": stores["simulation"], "summaries": []}
        self._run("extract_responses", basin, stores["response"], responding, {"precipitation": grids})
        self._run("evaluate_basin", basin, self.evaluation(basin), stores)
        if figures:
            drawn = {name: self.folder / "figures" / basin / f"{name}.png" for name in BASIN_FIGURES}
            self._run("draw_basin", basin, drawn, stores)
        packed = {name: stores[name] for name in ("forcing", "simulation", "response")}
        target = self.folder / "explorer" / f"{basin}.json"
        self._run("pack_basin", basin, target, packed | {"evaluation": self.evaluation(basin)})

    def finish(self) -> None:
        """Tables, report and explorer of all basins."""
        tables = {name: self.folder / "aggregate" / f"{name}.csv" for name in TABLES}
        figures = {name: self.folder / "figures" / f"{name}.png" for name in STUDY_FIGURES}
        evaluations = [self.evaluation(basin) for basin in self.basins]
        (self.folder / "aggregate").mkdir(exist_ok=True)
        nothing = {name: [] for name in ("summaries", "storms", "failed")}
        self._run("aggregate_study", "", tables, {"evaluations": evaluations} | nothing)
        responses = [self.store("response", basin) for basin in self.basins]
        shown = {"tables": list(tables.values()), "evaluations": evaluations, "responses": responses}
        self._run("write_report", "", {"report": self.folder / "report.html"} | figures, shown)
        packed = [self.folder / "explorer" / f"{basin}.json" for basin in self.basins]
        self._run("write_explorer", "", self.folder / "explorer.html", packed)

    def _run(self, rule: str, basin: str, output: Any, input: Any = None, params: Any = None) -> None:
        run_script(rule, self.config, basin, output, self.folder / "log.txt", input, params)
