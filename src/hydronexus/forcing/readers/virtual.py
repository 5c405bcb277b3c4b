"""Virtual catchments with a known truth."""

from pathlib import Path

from hydronexus.config import Dataset


def list_basins(dataset: Dataset) -> list[str]:
    """One basin, if the configuration names none."""
    return ["1"]


def sources(dataset: Dataset, basin_id: str) -> list[Path]:
    """None: everything follows from the settings."""
    return []


def read(dataset: Dataset, basin_id: str, basin: str):
    """Simulate the catchment."""
    from hydronexus.virtual.catchment import simulate

    return simulate(dataset.virtual)
