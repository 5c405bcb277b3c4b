"""What surrounds every job: quarantine instead of failure, except where the machine is to blame."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from hydronexus import archive, quarantine
from hydronexus.errors import DamagedResultError, RunoffRatioError
from hydronexus.stage import finish, run_basin, told_to_stop


def job(folder: Path, inputs=()) -> SimpleNamespace:
    outputs = [folder / name for name in ("x.zarr.zip", "x.safetensors", "x.json", "x.csv", "x.png")]
    return SimpleNamespace(
        wildcards=SimpleNamespace(basin="d_x"),
        input=[str(path) for path in inputs],
        output=[str(path) for path in outputs],
        log=[str(folder / "x.log")],
        rule="train_nexus",
        threads=1,
    )


def test_a_basin_error_marks_every_output_with_its_reason(tmp_path):
    def work(_):
        raise RunoffRatioError("d_x", "streamflow is 30 times precipitation")

    run_basin(job(tmp_path), work)
    for name in ("x.zarr.zip", "x.safetensors", "x.json"):
        reason = quarantine.reason_of(tmp_path / name)
        assert reason["stage"] == "train_nexus"
        assert reason["error"] == "RunoffRatioError"
        assert "30 times" in reason["reason"]
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert "30 times" in (tmp_path / "x.log").read_text()


def test_later_stages_pass_the_mark_on_without_working(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    def fail(_):
        raise RunoffRatioError("d_x", "wrong units")

    run_basin(job(first), fail)
    for name in ("x.zarr.zip", "x.safetensors", "x.json"):
        worked = []
        run_basin(job(second, [first / name]), worked.append)
        assert worked == []
        assert quarantine.reason_of(second / "x.json")["reason"] == "wrong units"


def test_a_real_result_is_no_mark(tmp_path):
    archive.write(xr.Dataset({"q": ("time", np.arange(3.0))}, attrs={"basin": "d_x"}), tmp_path / "x.zarr.zip")
    (tmp_path / "x.json").write_text(json.dumps({"metrics": [], "quarantine": None}))
    assert quarantine.reason_of(tmp_path / "x.zarr.zip") is None
    assert quarantine.reason_of(tmp_path / "x.json") is None


def test_an_unforeseen_error_is_quarantined_with_its_traceback_in_the_log(tmp_path):
    run_basin(job(tmp_path), lambda _: 1 / 0)
    assert "unexpected ZeroDivisionError" in quarantine.reason_of(tmp_path / "x.json")["reason"]
    assert "Traceback" in (tmp_path / "x.log").read_text()


@pytest.mark.parametrize("error", [MemoryError, OSError, DamagedResultError])
def test_what_the_machine_refuses_fails_the_job(tmp_path, error):
    def work(_):
        raise error

    with pytest.raises(error):
        run_basin(job(tmp_path), work)
    assert not (tmp_path / "x.json").exists()


def test_a_study_with_quarantined_basins_ends_with_their_list_and_forgets_unforeseen_ones(tmp_path, caplog):
    rows = [("d_a", "ingest_basin", "wrong units"), ("d_b", "train_nexus", "unexpected KeyError: 'x'")]
    table = tmp_path / "aggregate" / "quarantine.csv"
    table.parent.mkdir()
    pd.DataFrame(rows, columns=["basin", "stage", "reason"]).to_csv(table, index=False)
    for name in ("d_a", "d_b", "d_b.5"):
        (tmp_path / "forcing").mkdir(exist_ok=True)
        (tmp_path / "forcing" / f"{name}.zarr.zip").touch()
        (tmp_path / "models" / name).mkdir(parents=True)
    with pytest.raises(SystemExit), caplog.at_level("ERROR"):
        finish(table, tmp_path / "report.html", tmp_path / "complete.txt")
    assert "d_a at ingest_basin: wrong units" in caplog.text
    assert not (tmp_path / "complete.txt").exists()
    assert (tmp_path / "forcing" / "d_a.zarr.zip").exists()
    assert not (tmp_path / "forcing" / "d_b.zarr.zip").exists()
    assert not (tmp_path / "models" / "d_b").exists()
    assert (tmp_path / "forcing" / "d_b.5.zarr.zip").exists()
    assert (tmp_path / "models" / "d_b.5").exists()


def test_a_study_without_them_is_marked_complete(tmp_path):
    table = tmp_path / "quarantine.csv"
    pd.DataFrame(columns=["basin", "stage", "reason"]).to_csv(table, index=False)
    finish(table, tmp_path / "report.html", tmp_path / "complete.txt")
    assert (tmp_path / "complete.txt").exists()


def test_sigterm_is_noted_and_ends_nothing():
    before = signal.getsignal(signal.SIGTERM)
    with told_to_stop() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
    assert signal.getsignal(signal.SIGTERM) is before
