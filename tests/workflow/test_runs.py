"""Whole small studies: complete, repeatable, and robust to additions, broken basins and kills."""

import json
import os
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors import safe_open

from hydronexus import archive
from hydronexus.training import checkpoint
from tests.workflow.conftest import environment

PER_BASIN = {
    "ingest_basin", "train_nexus", "simulate_nexus", "run_baselines", "extract_responses", "evaluate_basin",
    "draw_basin", "pack_basin",
}  # fmt: skip
AGGREGATION = {"aggregate_study", "write_report", "write_explorer", "finish_study", "all"}

pytestmark = pytest.mark.slow


def test_a_study_makes_every_result_it_promises(finished):
    for basin in ("mine_a", "mine_b"):
        for stage in ("forcing", "simulation", "baselines", "response"):
            assert archive.read(finished.results / stage / f"{basin}.zarr.zip").data_vars
        assert (finished.results / "models" / basin / "weights.safetensors").exists()
        assert len(list((finished.results / "figures" / basin).glob("*.png"))) == 6
    metrics = pd.read_csv(finished.results / "aggregate" / "metrics.csv", dtype={"basin": str})
    assert set(metrics["model"]) == {"nexus", "nexus_closed", "lstm", "gr4j"}
    assert set(metrics["basin"]) == {"mine_a", "mine_b"}
    for table in ("responses", "claims", "quarantine", "closure", "recovery", "climate", "probes", "intervals"):
        assert (finished.results / "aggregate" / f"{table}.csv").exists()
    probes = pd.read_csv(finished.results / "aggregate" / "probes.csv")
    assert set(probes["model"]) == {"nexus_closed", "lstm", "gr4j"}
    assert probes.query("model == 'nexus_closed' and probe == 'bounds'")["passed"].all()
    for page in ("report.html", "explorer.html"):
        assert "mine_a" in (finished.results / page).read_text()
    assert (finished.results / "complete.txt").exists()


def test_nothing_is_left_to_do_after_a_run(finished):
    assert finished.planned() == ({}, set())


def test_adding_a_basin_runs_only_its_jobs_and_the_aggregation(finished):
    finished.configure({"mine": ["a", "b", "c"]})
    counts, basins = finished.planned()
    finished.configure()
    assert counts == dict.fromkeys(PER_BASIN | AGGREGATION, 1)
    assert basins == {"mine_c"}


def test_cohorts_change_no_result_and_a_new_basin_runs_only_its_own_jobs(workflow, finished):
    workflow.configure(cohorts=2)
    workflow.snakemake()
    for basin in ("mine_a", "mine_b"):
        one, other = (
            checkpoint.read(study.results / "models" / basin / "weights.safetensors")[0]
            for study in (workflow, finished)
        )
        for name, value in one.items():
            torch.testing.assert_close(value, other[name], rtol=1e-3, atol=1e-5)
    outcome = {}
    for path in (workflow.results / "cohorts").glob("*.json"):
        outcome |= json.loads(path.read_text())
    assert outcome == {"mine_a": "trained", "mine_b": "trained"}
    assert not list((workflow.results / "checkpoints").glob("*"))
    assert workflow.planned() == ({}, set())

    workflow.configure({"mine": ["a", "b", "c"]}, cohorts=2)
    counts, basins = workflow.planned()
    assert counts == dict.fromkeys(PER_BASIN | AGGREGATION | {"train_cohort"}, 1)
    assert basins == {"mine_c"}


def test_a_broken_basin_leaves_its_cohort_alone(workflow):
    lines = (workflow.folder / "data" / "b.csv").read_text().splitlines()
    (workflow.folder / "data" / "b.csv").write_text("\n".join(lines[:400]))
    workflow.configure(cohorts=1)
    done = workflow.snakemake(check=False)
    assert done.returncode == 1
    table = pd.read_csv(workflow.results / "aggregate" / "quarantine.csv", dtype=str)
    assert list(table["basin"]) == ["mine_b"]
    assert json.loads((workflow.results / "cohorts" / "0.json").read_text())["mine_a"] == "trained"
    assert set(pd.read_csv(workflow.results / "aggregate" / "metrics.csv")["basin"]) == {"mine_a"}


def test_removing_a_basin_deletes_nothing(finished):
    finished.configure({"mine": ["a"]})
    counts, basins = finished.planned()
    finished.configure()
    assert counts == dict.fromkeys(AGGREGATION, 1)
    assert basins == set()
    assert (finished.results / "forcing" / "mine_b.zarr.zip").exists()


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"response": {"pulses": 20, "lag": 30}}, {"extract_responses", "evaluate_basin", "draw_basin", "pack_basin"}),
        ({"baselines": ["gr4j"]}, {"run_baselines", "evaluate_basin", "draw_basin", "pack_basin"}),
        ({"quality": {"max_filled_gap": 9}}, PER_BASIN),
    ],
)
def test_a_changed_setting_reruns_exactly_what_depends_on_it(finished, change, rules):
    finished.configure(**change)
    counts, basins = finished.planned()
    finished.configure()
    assert counts == dict.fromkeys(rules, 2) | dict.fromkeys(AGGREGATION, 1)
    assert basins == {"mine_a", "mine_b"}


def test_changed_data_rerun_their_basin(finished):
    path = finished.folder / "data" / "b.csv"
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))
    counts, basins = finished.planned()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert counts == dict.fromkeys(PER_BASIN | AGGREGATION, 1)
    assert basins == {"mine_b"}


def test_snakemake_makes_its_own_report_without_a_network(finished):
    finished.snakemake("--report", "report.zip")
    with zipfile.ZipFile(finished.folder / "report.zip") as report:
        assert any(name.endswith("report.html") for name in report.namelist())


def test_the_same_configuration_gives_the_same_numbers(finished, workflow):
    workflow.snakemake()
    assert_same(finished, workflow)


def test_a_broken_basin_is_quarantined_and_the_others_finish(workflow):
    path = workflow.folder / "data" / "b.csv"
    lines = path.read_text().splitlines()
    lines[500] = lines[500].split(",")[0] + ",-3.0," + ",".join(lines[500].split(",")[2:])
    path.write_text("\n".join(lines))
    workflow.configure({"mine": ["a", "b", "nowhere"]})
    done = workflow.snakemake(check=False)
    assert done.returncode != 0
    quarantined = pd.read_csv(workflow.results / "aggregate" / "quarantine.csv").set_index("basin")
    assert set(quarantined.index) == {"mine_b", "mine_nowhere"}
    assert quarantined.loc["mine_b", "error"] == "NegativePrecipitationError"
    assert quarantined.loc["mine_nowhere", "error"] == "UnknownBasinError"
    metrics = pd.read_csv(workflow.results / "aggregate" / "metrics.csv")
    assert set(metrics["basin"]) == {"mine_a"}
    report = (workflow.results / "report.html").read_text()
    assert "precipitation" in report
    assert "mine_nowhere" in report
    explorer = (workflow.results / "explorer.html").read_text()
    assert '"error": "NegativePrecipitationError"' in explorer
    assert explorer.count('<script id="basin-') == 1
    assert "mine_b" in done.stdout + done.stderr
    workflow.write_basin("b", 1)
    workflow.configure()
    workflow.snakemake()
    assert (workflow.results / "complete.txt").exists()


@pytest.mark.parametrize("victim", ["snakemake", "training"])
def test_a_killed_run_finishes_with_the_same_results(finished, workflow, victim):
    process = subprocess.Popen(
        workflow.command(), cwd=workflow.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = workflow.results / "logs" / "train_nexus" / "mine_a.log"
    deadline = time.monotonic() + 240
    while (
        not (log.exists() and "step 3/" in log.read_text()) and time.monotonic() < deadline and process.poll() is None
    ):
        time.sleep(0.02)
    if victim == "snakemake":
        process.kill()
        process.wait()
    else:
        jobs = _processes_of("train_nexus.py", workflow.folder)
        for pid in jobs:
            os.kill(pid, signal.SIGKILL)
        process.wait(timeout=300)
    workflow.snakemake()
    assert_same(finished, workflow)


def _processes_of(script: str, folder) -> list[int]:
    """Processes that run a rule's script in a folder."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            command = Path(f"/proc/{entry}/cmdline").read_text()
            where = os.readlink(f"/proc/{entry}/cwd")
        except OSError:
            continue
        if script in command and where == str(folder):
            found.append(int(entry))
    return found


def assert_same(left, right) -> None:
    """Same weights bit for bit, same tables."""
    for basin in ("mine_a", "mine_b"):
        paths = [flow.results / "models" / basin / "weights.safetensors" for flow in (left, right)]
        with safe_open(paths[0], "np") as first, safe_open(paths[1], "np") as second:
            assert set(first.keys()) == set(second.keys())
            assert all((first.get_tensor(name) == second.get_tensor(name)).all() for name in first.keys())  # noqa: SIM118
    for table in ("metrics", "closure", "responses", "claims"):
        frames = [pd.read_csv(flow.results / "aggregate" / f"{table}.csv") for flow in (left, right)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_no_partial_file_or_checkpoint_is_left_behind(finished):
    assert not [path for path in finished.results.rglob("*") if path.name.endswith(".partial")]
    assert not list(finished.results.glob("checkpoints/*"))
