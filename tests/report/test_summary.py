"""Numbers as they are printed."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from hydronexus.report.summary import grouped_notes, interval, number, summary


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


def test_the_headline_leaves_out_models_that_were_not_run_on_every_basin():
    scores = [("a", "nexus", 0.8), ("b", "nexus", 0.6), ("a", "lstm", 0.9), ("b", "gr4j", np.nan), ("a", "gr4j", 0.5)]
    metrics = pd.DataFrame(scores, columns=["basin", "model", "nse"]).assign(period="test")
    tables = defaultdict(pd.DataFrame, metrics=metrics, recovery=pd.DataFrame(columns=["basin", "loop", "variable"]))
    tables["closure"] = pd.DataFrame(columns=["closure_percent"])
    tables["claims"] = pd.DataFrame(columns=["verdict"])
    assert "Median test NSE over 2 real basins: nexus open loop 0.70." in summary(tables, ["a", "b"])
