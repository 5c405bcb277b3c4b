"""Numbers as they are printed."""

import pytest

from hydronexus.report.summary import grouped_notes, interval, number


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.123456, "0.12"),
        (0.0, "0.00"),
        (0.00012, "1.2e-04"),
        (-3.456, "-3.46"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_numbers_keep_what_matters(value, shown):
    assert number(value) == shown


def test_an_interval_without_bounds_is_one_dash():
    assert interval(float("nan"), float("nan")) == "–"
    assert interval(0.5, 1.25, 1) == "0.5 to 1.2"


def test_equal_notes_are_told_once_and_many_basins_are_counted():
    notes = {f"b{i}": ["filled a gap"] for i in range(8)} | {"c": ["no temperature"]}
    assert grouped_notes(notes) == [
        ("filled a gap", "b0, b1, b2, b3, b4 and 3 more"),
        ("no temperature", "c"),
    ]
