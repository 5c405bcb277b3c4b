"""Extreme but sound data of whole basins: they are trained and evaluated, or refused with a reason."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hydronexus import archive
from hydronexus.training import checkpoint
from tests.faults import weather
from tests.faults.jobs import within
from tests.faults.studies import Stages
from tests.faults.weather import TEST, TRAIN, VALIDATION, Table
from tests.forcing.conftest import UNITS
from tests.workflow.conftest import PERIODS, SMALL

pytestmark = pytest.mark.faults
VARIABLES = ("precipitation", "temperature", "streamflow")
QUICK = {"pulses": 10, "lag": 15, "intensity_bins": 2, "wetness_bins": 2, "bootstrap": 5}
MONTHS = {
    "validation": ["2004-03-01", "2004-05-31"],
    "test": ["2004-06-01", "2004-08-31"],
    "train": ["2004-09-01", "2004-12-31"],
}
# NaN where there is none: a pulse that was too small to measure, a law that never turned, an index of no response.
MAY_BE_UNDEFINED = re.compile(
    "(addition_response|superposition_defect|(curvature_ratio|onset_shift|elasticity|centroid|t50|t90|nonlinearity|"
    "deformation|deformation_sign|memory)(_low|_high)?)"
)


@dataclass(frozen=True)
class Case:
    """What is done to five plain years, and the error it leads to, if any."""

    change: Callable[[Table], Table]
    error: str | None = None


CASES = {
    "plain": Case(lambda table: table),
    "constant_rain": Case(weather.raining(slice(None), 3.0), "ConstantSeriesError"),
    "no_rain": Case(weather.raining(slice(None), 0.0), "ConstantSeriesError"),
    "no_rain_for_years": Case(weather.raining(slice("2002", None), 0.0)),
    "no_rain_in_training": Case(weather.raining(TRAIN, 0.0)),
    "no_rain_in_validation": Case(weather.raining(VALIDATION, 0.0)),
    "no_rain_in_test": Case(weather.raining(TEST, 0.0)),
    "huge_rain": Case(weather.wetter(90)),
    "impossible_rain": Case(weather.wetter(900), "ImpossibleValueError"),
    "flood_in_training": Case(weather.flood("2003-07-01")),
    "flood_in_validation": Case(weather.flood("2001-07-01")),
    "flood_in_test": Case(weather.flood("2002-07-01")),
    "no_flow": Case(weather.dry(slice(None)), "ConstantSeriesError"),
    "no_flow_in_training": Case(weather.dry(TRAIN), "PeriodError"),
    "no_flow_in_validation": Case(weather.dry(VALIDATION), "PeriodError"),
    "no_flow_in_test": Case(weather.dry(TEST), "PeriodError"),
    "ephemeral": Case(weather.ephemeral),
    "tiny_flow": Case(weather.scaled("streamflow", 1e-6)),
    "more_flow_than_rain": Case(weather.scaled("precipitation", 1e-4), "RunoffRatioError"),
    "constant_temperature": Case(weather.scaled("temperature", 0, 8), "ConstantSeriesError"),
    "negative_temperatures_only": Case(weather.scaled("temperature", 1, -45)),
    "hot": Case(weather.scaled("temperature", 1, 35)),
    "flow_missing_for_a_year": Case(weather.gap("streamflow", slice("2003-03-01", "2004-03-01"))),
    "flow_missing_in_training": Case(weather.gap("streamflow", TRAIN), "PeriodError"),
    "flow_missing_in_test": Case(weather.gap("streamflow", TEST), "PeriodError"),
    "flow_of_three_days": Case(weather.only("streamflow", "2001-05-05", "2002-05-05", "2003-05-05"), "PeriodError"),
    "rain_missing_for_days": Case(weather.gap("precipitation", slice("2003-03-01", "2003-03-04"))),
    "rain_missing_for_a_month": Case(weather.gap("precipitation", slice("2003-03", "2003-03")), "ForcingGapError"),
    "rain_missing_in_the_warm_up": Case(weather.gap("precipitation", slice(None, "2000-10-31"))),
    "temperature_missing_for_a_month": Case(weather.gap("temperature", slice("2002-03", "2002-03")), "ForcingGapError"),
    "temperature_missing": Case(weather.gap("temperature", slice(None)), "ConstantSeriesError"),
}
HARDEST = ("no_rain_for_years", "ephemeral", "negative_temperatures_only")


@contextmanager
def study(folder: Path, records: Mapping[str, Table], **changes: Any) -> Iterator[Stages]:
    """Stages of a study of some records, in a working folder of its own."""
    (folder / "data").mkdir()
    for name, table in records.items():
        table.to_csv(folder / "data" / f"{name}.csv")
    rows = "".join(f"{name},100,47\n" for name in records)
    (folder / "attributes.csv").write_text("basin,area_km2,latitude\n" + rows)
    dataset = {"format": "csv", "path": "data", "basins": list(records), "attributes": "attributes.csv", "units": UNITS}
    dataset["variables"] = {name: name for name in VARIABLES}
    settings = SMALL | {"study": "extremes", "datasets": {"d": dataset}, "response": QUICK, "baselines": ["lstm"]}
    before = Path.cwd()
    os.chdir(folder)
    yield Stages(settings | changes, folder / "results")
    os.chdir(before)


@pytest.fixture(scope="module")
def extremes(tmp_path_factory):
    """All cases as the basins of one study, run to its report."""
    records = {name: case.change(weather.plain()) for name, case in CASES.items()}
    with study(tmp_path_factory.mktemp("extremes"), records) as stages:
        for basin in stages.basins:
            stages.run_basin(basin, figures=False)
        stages.finish()
        yield stages


def refused(stages: Stages, basin: str, error: str) -> None:
    """The basin is quarantined at ingestion, and every result of it says so."""
    reason = stages.reason(basin)
    assert reason is not None, "it was not refused"
    assert (reason["error"], reason["stage"]) == (error, "ingest_basin"), reason["reason"]
    assert f"{basin.removeprefix('d_')}.csv" in reason["reason"]
    for name in ("forcing", "simulation", "baselines", "response"):
        assert not archive.read(stages.store(name, basin)).data_vars


def sound(stages: Stages, basin: str) -> None:
    """Every number is finite but those that have no meaning, and observations that are missing."""
    assert stages.reason(basin) is None, stages.reason(basin)
    weights, _ = checkpoint.read(stages.weights(basin))
    assert all(tensor.isfinite().all() for tensor in weights.values())
    history = pd.read_csv(stages.weights(basin).with_name("training_log.csv"))
    assert np.isfinite(history[["loss", "validation_nse", "best"]]).all(axis=None)
    for stage in ("forcing", "simulation", "baselines", "response"):
        for name, array in archive.read(stages.store(stage, basin)).variables.items():
            if array.dtype.kind != "f":
                continue
            assert not np.isinf(array).any(), f"{stage}: {name}"
            observed = stage == "forcing" and name == "streamflow"
            undefined = stage == "response" and MAY_BE_UNDEFINED.fullmatch(str(name))
            assert observed or undefined or not np.isnan(array).any(), f"{stage}: {name}"
    evaluation = json.loads(stages.evaluation(basin).read_text(), parse_constant=pytest.fail)
    for row in evaluation["metrics"]:
        scores = ("nse", "fhv") + (("kge", "closure_percent_1d") if row["model"].startswith("nexus") else ())
        assert all(row[score] is not None for score in scores), row
        assert row["n"] > 1


@pytest.mark.parametrize("name", CASES)
def test_an_extreme_basin_is_evaluated_or_refused_with_a_reason(name, extremes):
    if CASES[name].error:
        refused(extremes, f"d_{name}", CASES[name].error)
    else:
        sound(extremes, f"d_{name}")


def test_the_report_tells_of_every_extreme_basin_and_shows_no_nan(extremes):
    html = (extremes.folder / "report.html").read_text()
    failed = [name for name, case in CASES.items() if case.error]
    assert f"{len(failed)} of {len(CASES)} basins quarantined" in html
    text = re.sub(r"<[^>]+>", " ", html.split("Configuration")[0])
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_the_hardest_basins_have_all_baselines_and_figures(tmp_path):
    records = {name: CASES[name].change(weather.plain()) for name in HARDEST}
    with study(tmp_path, records, baselines=["lstm", "gr4j", "prescribed"]) as stages:
        for basin in stages.basins:
            stages.run_basin(basin, figures=True)
            sound(stages, basin)
            assert set(archive.read(stages.store("baselines", basin)).data_vars) == {"lstm", "gr4j", "prescribed"}


def test_a_record_no_longer_than_its_warm_up_is_refused(tmp_path):
    with study(tmp_path, {"short": weather.plain("2004-01-01", "2004-12-31")}, periods=MONTHS) as stages:
        stages.run_basin("d_short", figures=False)
        refused(stages, "d_short", "PeriodError")
        assert "365 days from 2004-01-01 on are warm-up" in stages.reason("d_short")["reason"]


def test_a_record_of_one_year_is_trained_with_a_short_warm_up(tmp_path):
    training = SMALL["training"] | {"warmup": 60}
    records = {"short": weather.plain("2004-01-01", "2004-12-31")}
    with study(tmp_path, records, periods=MONTHS, training=training) as stages:
        stages.run_basin("d_short", figures=True)
        sound(stages, "d_short")


def test_twenty_years_of_hours_are_trained(tmp_path):
    training = SMALL["training"] | {"steps": 2, "encoder_steps": 2, "evaluate_every": 2}
    periods = PERIODS | {"train": ["2003-01-01", "2019-12-31"]}
    records = {"hourly": weather.plain("2000-01-01", "2019-12-31", "1h")}
    with study(tmp_path, records, training=training, periods=periods) as stages, within(900):
        stages.run_basin("d_hourly", figures=False)
        sound(stages, "d_hourly")
        assert archive.read(stages.store("simulation", "d_hourly")).sizes["time"] > 175_000
