"""The example archive offline: used where it is cached, a clear error where it is not."""

import subprocess
import sys
import zipfile

from tests.workflow.conftest import environment

ARCHIVE = "cache/holmes_hydro-3.5.0-py3-none-any.whl"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}


def fetch(workflow):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", ARCHIVE]
    return subprocess.run(
        command, cwd=workflow.folder, capture_output=True, text=True, env=environment() | OFFLINE, check=False
    )


def test_offline_without_the_archive_says_what_to_do(workflow):
    done = fetch(workflow)
    assert done.returncode != 0
    assert f"holmes-hydro==3.5.0 is not at {ARCHIVE} and could not be downloaded" in done.stderr
    assert "Traceback" not in done.stderr.split("RuleException")[0]


def test_offline_with_the_archive_nothing_is_fetched(workflow):
    (workflow.folder / "cache").mkdir()
    with zipfile.ZipFile(workflow.folder / ARCHIVE, "w") as archive:
        archive.writestr("any", "thing")
    done = fetch(workflow)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr
