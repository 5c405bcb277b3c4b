"""Download of a pinned archive; pip itself runs, with a folder in place of an index."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from hydronexus.errors import HydronexusError
from hydronexus.forcing.fetch import EXAMPLE, fetch_package

METADATA = "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in a folder, and pip set up by the user to look only there."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/data.csv", "a,b\n")
        wheel.writestr("tiny_data-1.0.dist-info/METADATA", METADATA)
        wheel.writestr(
            "tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def requirement(index: Path) -> str:
    digest = hashlib.sha256(next(index.iterdir()).read_bytes()).hexdigest()
    return f"tiny-data==1.0 --hash=sha256:{digest}"


def test_an_archive_is_fetched_whole_and_nothing_else_is_left(index: Path, tmp_path: Path):
    target = tmp_path / "cache" / "tiny.whl"
    assert fetch_package(requirement(index), target) == target
    assert target.read_bytes() == next(index.iterdir()).read_bytes()
    assert list(target.parent.iterdir()) == [target]


def test_a_cached_archive_needs_no_network(index: Path, tmp_path: Path):
    pinned, target = requirement(index), tmp_path / "tiny.whl"
    next(index.iterdir()).rename(target)
    before = target.stat().st_mtime_ns
    fetch_package(pinned, target)
    assert target.stat().st_mtime_ns == before


def test_a_cached_archive_with_the_wrong_sum_is_fetched_anew(index: Path, tmp_path: Path):
    target = tmp_path / "tiny.whl"
    target.write_bytes(b"half a file")
    fetch_package(requirement(index), target)
    assert zipfile.is_zipfile(target)


def test_an_archive_of_another_sum_is_refused(index: Path, tmp_path: Path):
    with pytest.raises(HydronexusError, match=r"tiny-data==1\.0"):
        fetch_package(f"tiny-data==1.0 --hash=sha256:{'0' * 64}", tmp_path / "tiny.whl")
    assert not (tmp_path / "tiny.whl").exists()


def test_offline_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(HydronexusError, match=r"holmes-hydro==3.5.0 is not at .*\n.*Connect to the network"):
        fetch_package(EXAMPLE, tmp_path / "example.whl")


def test_a_requirement_without_a_sum_is_a_mistake_of_the_caller(tmp_path: Path):
    with pytest.raises(ValueError, match="pinned"):
        fetch_package("tiny-data==1.0", tmp_path / "tiny.whl")
