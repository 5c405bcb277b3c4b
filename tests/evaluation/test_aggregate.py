"""Tables over all basins."""

import time

import pandas as pd
import pytest

from hydronexus.evaluation.aggregate import COLUMNS, aggregate, notes_of
from tests.builders import evaluate, evaluate_many

FAILED = {"quarantine": {"basin": "demo_x", "stage": "ingest_basin", "error": "UnitsError", "reason": "no units"}}


def test_a_study_without_a_single_good_basin_has_all_tables_and_columns():
    tables = aggregate([FAILED])
    for name, columns in COLUMNS.items():
        assert list(tables[name]) == list(columns)
    assert len(tables["claims"]) == 9
    assert tables["quarantine"].to_dict("records") == [FAILED["quarantine"]]


def test_column_types_do_not_depend_on_the_basins():
    empty, full = (
        aggregate([FAILED]),
        aggregate([evaluate(), evaluate("virtual_b", virtual=True, snow=False)]),
    )
    for name in ("metrics", "closure", "recovery"):
        pd.testing.assert_series_equal(empty[name].dtypes, full[name].dtypes)


def test_a_quarantined_basin_leaves_the_others_as_they_were():
    alone, beside = aggregate([evaluate()]), aggregate([FAILED, evaluate()])
    for name in ("metrics", "closure", "responses", "claims"):
        pd.testing.assert_frame_equal(alone[name], beside[name])


def test_notes_are_kept_by_basin():
    notes = notes_of([FAILED, evaluate()])
    assert list(notes) == ["demo_a"]
    assert "potential evapotranspiration: Oudin (pyet)" in notes["demo_a"]


@pytest.mark.parametrize("name", ["metrics", "closure", "responses", "claims"])
def test_a_table_read_back_from_csv_is_the_same(tmp_path, name):
    table = aggregate([evaluate()])[name]
    table.to_csv(tmp_path / "table.csv", index=False)
    again = pd.read_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(again, table.where(table.notna(), float("nan")), check_dtype=False)


def test_all_basins_of_camels_take_seconds():
    evaluations = evaluate_many(671)
    start = time.perf_counter()
    tables = aggregate(evaluations)
    assert time.perf_counter() - start < 10
    assert tables["metrics"]["basin"].nunique() == 671
