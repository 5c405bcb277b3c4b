"""A cohort's job says what becomes of each of its basins."""

from hydronexus import archive, quarantine
from hydronexus.config import Study
from hydronexus.training.run import advance_cohort
from tests.training.test_train import MODEL, PERIODS, settings

STUDY = Study(study="x", datasets={"x": {"format": "virtual"}}, periods=PERIODS, model=MODEL, training=settings())


def test_a_bad_basin_stops_no_other_of_its_cohort(forcing, tmp_path):
    paths = {basin: tmp_path / f"{basin}.zarr.zip" for basin in ("x_good", "x_damaged", "x_absent", "x_quarantined")}
    archive.write(forcing, paths["x_good"])
    paths["x_damaged"].write_bytes(paths["x_good"].read_bytes()[:2000])
    quarantine.mark(
        [paths["x_quarantined"]], {"basin": "x_quarantined", "stage": "ingest_basin", "reason": "too short"}
    )
    weights, checkpoints = (
        {basin: tmp_path / folder / basin for basin in paths} for folder in ("models", "checkpoints")
    )
    outcome = advance_cohort(paths, STUDY, weights, checkpoints)
    assert outcome["x_good"] == "trained"
    assert outcome["x_quarantined"] == "quarantined before training"
    assert all(outcome[basin].startswith("left to its own job: ") for basin in ("x_damaged", "x_absent"))
    assert [basin for basin in paths if checkpoints[basin].exists()] == ["x_good"]
