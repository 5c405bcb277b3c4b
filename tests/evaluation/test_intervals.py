"""Intervals hold what they promise where years are alike, and the table says so where they do not."""

import numpy as np
import pytest

from hydronexus.evaluation.intervals import conformal, reliability


def years(seed: int, count: int = 4000, error: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Skewed flow, and members that differ little beside what they miss."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(0.7, 3.0, count)
    simulated = truth * np.exp(error * rng.standard_normal(count))
    return truth, simulated + 0.01 * rng.standard_normal((3, count))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_conformal_interval_holds_its_share_in_every_class_of_flow(level):
    (observed, members), (later, runs) = years(0), years(1)
    low, high = conformal((observed, members.mean(0)), runs.mean(0), level)
    held = (later >= low) & (later <= high)
    assert low.min() >= 0
    for part in np.array_split(np.argsort(runs.mean(0)), 5):
        assert abs(held[part].mean() - level) < 0.05


def test_an_ensemble_that_agrees_on_errors_covers_little_and_the_table_says_so():
    table = reliability(years(0), years(1)).set_index(["kind", "level"])
    assert table.loc[("ensemble", 0.9), "coverage"] < 0.2
    assert table.loc[("conformal", 0.9), "coverage"] == pytest.approx(0.9, abs=0.02)
    assert table.loc[("conformal", 0.9), "width"] > table.loc[("conformal", 0.5), "width"] > 0


def test_worse_years_are_covered_less():
    table = reliability(years(0), years(1, error=0.8)).set_index(["kind", "level"])
    assert table.loc[("conformal", 0.9), "coverage"] < 0.7


def test_gaps_are_left_out_and_a_period_without_observations_gives_no_row():
    observed, members = years(0)
    gappy = observed.copy()
    gappy[::3] = np.nan
    assert np.isfinite(reliability((gappy, members), years(1))[["coverage", "width"]]).all(axis=None)
    assert reliability((observed * np.nan, members), years(1)).empty


def test_flow_that_never_varies_has_an_interval():
    flat = np.ones(500)
    low, high = conformal((flat, flat), flat, 0.9)
    assert np.all(low <= 1)
    assert np.all(high >= 1)
