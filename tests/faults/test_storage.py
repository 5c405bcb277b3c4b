"""Disks that refuse, damaged files, a clock set back, two runs at once: told, and mended by the same command."""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hydronexus import archive, quarantine
from hydronexus.forcing.readers.example import ARCHIVE
from tests.faults.conftest import Study, unlike
from tests.workflow.conftest import environment

pytestmark = pytest.mark.faults
SIMULATION, EVALUATION, FORCING = (
    f"results/small/{name}"
    for name in ("simulation/mine_a.zarr.zip", "evaluation/mine_a.json", "forcing/mine_a.zarr.zip")
)
FIGURE = "results/small/figures/mine_a/laws.png"
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root that permissions bind, as others
AHEAD = 2 * 3600 * 10**9  # ns
ROOM = 48 * 1024  # bytes, less than a result


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    mount(*options, folder)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def mount(*options: str | Path) -> None:
    done = subprocess.run(["mount", *options], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no right to mount: {done.stderr.strip()}")


@pytest.mark.parametrize("target", [SIMULATION, FIGURE])
def test_a_full_disk_fails_the_job_and_room_mends_it(undisturbed, tmp_path, target):
    study = undisturbed.copy(tmp_path)
    disk, aside = study.folder / "results", study.folder / "aside"
    disk.rename(aside)
    disk.mkdir()
    (aside / Path(target).relative_to("results")).unlink()
    with mounted(disk, "-t", "tmpfs", "-o", "size=64m", "none"):
        shutil.copytree(aside, disk, dirs_exist_ok=True)
        before, space = study.files(), os.statvfs(disk)
        mount("-o", f"remount,size={(space.f_blocks - space.f_bfree) * space.f_frsize + ROOM}", disk)
        refused(study, target, "No space left on device")
        assert not (study.folder / target).exists()
        assert study.files().items() <= before.items()
        mount("-o", "remount,size=64m", disk)
        study.snakemake(target)
        assert unlike(study.files(), undisturbed.files) == []


def test_a_read_only_folder_of_results_fails_the_job_and_is_told(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    (study.folder / EVALUATION).unlink()
    before = study.files()
    with mounted(study.folder / "results", "--bind", str(study.folder / "results")):
        mount("-o", "remount,bind,ro", study.folder / "results")
        refused(study, EVALUATION, "Read-only file system")
        assert study.files() == before
    study.snakemake(EVALUATION)
    assert unlike(study.files(), undisturbed.files) == []


@pytest.mark.parametrize("target", [SIMULATION, FIGURE])
def test_a_folder_without_permission_fails_the_job_and_is_told(undisturbed, tmp_path, target):
    study = undisturbed.copy(tmp_path)
    folder = (study.folder / target).parent
    for path in folder.iterdir():
        path.unlink()
    folder.chmod(0o555)
    refused(study, target, "Permission denied", UNPRIVILEGED)
    assert not list(folder.glob("*"))
    folder.mkdir(exist_ok=True)  # Snakemake removes an empty one
    folder.chmod(0o755)
    study.snakemake(target)
    assert unlike(study.files(), undisturbed.files) == []


def refused(study: Study, target: str, words: str, prefix: tuple[str, ...] = ()) -> None:
    """The command fails with the system's words, and says so of a job, not of the basin."""
    done = subprocess.run(
        [*prefix, *study.command(target)], cwd=study.folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "quarantined" not in done.stderr


def test_data_that_may_not_be_read_quarantine_nothing_for_good(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    (study.folder / FORCING).unlink()
    data = study.folder / "data" / "a.csv"
    data.chmod(0)
    refused(study, FORCING, "Permission denied", UNPRIVILEGED)
    data.chmod(0o644)
    study.snakemake(FORCING)
    assert unlike(study.files(), undisturbed.files) == []


def test_damaged_data_quarantine_their_basin_until_they_are_whole(undisturbed, tmp_path):
    study = Study(tmp_path)
    study.write_basin("b", 1)
    study.write_attributes("ab")
    study.configure({"mine": ["a", "b"]})
    data, other = study.folder / "data" / "b.csv", FORCING.replace("mine_a", "mine_b")
    whole = data.read_bytes()
    digit = whole.rindex(b".") - 1
    for damaged in (whole[: len(whole) // 2], whole[:digit] + bytes([whole[digit] ^ 0x40]) + whole[digit + 1 :]):
        data.write_bytes(damaged)
        study.snakemake(FORCING, other)
        reason = quarantine.reason_of(study.folder / other)
        assert "unexpected" not in reason["reason"]
        assert str(data.relative_to(study.folder)) in reason["reason"]
        assert (study.folder / FORCING).read_bytes() == undisturbed.files["forcing/mine_a.zarr.zip"]
    data.write_bytes(whole)
    study.snakemake(FORCING, other)
    assert archive.read(study.folder / other).sizes == archive.read(study.folder / FORCING).sizes


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lose_a_chunk(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
        comment = old.comment
    del parts[next(name for name in parts if "/c/" in name)]
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
        new.comment = comment


def test_a_damaged_store_is_named_and_made_anew_once_deleted(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    store, whole = study.folder / SIMULATION, undisturbed.files["simulation/mine_a.zarr.zip"]
    (study.folder / EVALUATION).unlink()
    for damage in (cut, flip, lose_a_chunk):
        store.write_bytes(whole)
        damage(store)
        refused(study, EVALUATION, f"{SIMULATION} is damaged")
        assert not (study.folder / EVALUATION).exists()
    store.unlink()
    study.snakemake(EVALUATION)
    assert unlike(study.files(), undisturbed.files) == []


def test_an_archive_of_another_sum_is_not_taken_from_an_index(tmp_path):
    study = Study(tmp_path)
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / ARCHIVE.name, "w") as wheel:
        wheel.writestr(
            "holmes_hydro-3.5.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: holmes-hydro\nVersion: 3.5.0\n"
        )
    study.configure({"mine": ["a"]})
    done = subprocess.run(
        study.command(str(ARCHIVE)),
        cwd=study.folder,
        env=environment() | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not list(study.folder.glob("cache/*"))


def test_a_clock_set_back_between_runs_starts_nothing_anew_and_changes_no_number(undisturbed, tmp_path):
    study = undisturbed.copy(tmp_path)
    for path in (study.folder / "results").rglob("*"):  # as a clock two hours ahead dated them
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns + AHEAD, status.st_mtime_ns + AHEAD))
    assert study.planned() == ({}, set())
    (study.folder / EVALUATION).unlink()
    study.snakemake(EVALUATION)
    assert unlike(study.files(), undisturbed.files) == []
    assert study.planned(EVALUATION) == ({}, set())


def test_of_two_snakemakes_started_at_once_one_works_and_one_is_told(undisturbed, tmp_path):
    study = Study(tmp_path)
    target = "results/small/models/mine_a/weights.safetensors"
    both = [study.start(target) for _ in range(2)]
    assert sorted(process.wait() for process in both) == [0, 1]
    assert "cannot be locked" in (study.folder / "snakemake.log").read_text()
    expected = {name: undisturbed.files[name] for name in study.files()}
    assert study.files() == expected
    study.snakemake(target)
