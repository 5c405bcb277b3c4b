"""Fixtures shared by all tests: where real data lie, and small real datasets."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real catchments; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("HYDRONEXUS_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}; set HYDRONEXUS_SHARED to the folder that holds data/")
    return folder
