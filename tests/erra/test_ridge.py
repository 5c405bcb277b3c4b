"""Regularisation: its strength by cross-validation, and what it settles where the data do not."""

import numpy as np
import pytest

from hydronexus.erra import erra
from hydronexus.erra.design import Layout, rows
from hydronexus.erra.ridge import STRENGTHS, estimate, roughness
from tests.erra.synthetic import kernel, noise, rain, respond


def smooth(lags):
    lag = np.arange(lags)
    return lag * np.exp(-lag / 5) / 50


def test_the_penalty_is_that_of_second_differences():
    form = roughness(np.array([]), Layout(channels=2, lags=5, order=0))
    line, bent = np.zeros(11), np.zeros(11)
    line[1:6] = [1, 2, 3, 4, 5]
    bent[6:] = [0, 1, 0, 0, 0]
    assert line @ form @ line == pytest.approx(55e-6)
    assert bent @ form @ bent == pytest.approx(4 + 1 + 1e-6)
    assert form[0].sum() == 0


def test_with_noise_the_response_of_the_system_is_smoothed_not_the_coefficients():
    layout = Layout(channels=1, lags=6, order=1)
    form = roughness(np.array([0.7]), layout)
    coefficients = np.zeros(9)
    coefficients[1:7] = np.array([1, 2, 3, 4, 5, 6]) - 0.7 * np.array([0, 1, 2, 3, 4, 5])  # b of a straight response
    assert coefficients @ form @ coefficients == pytest.approx(91e-6)


def test_the_strength_minimises_the_cross_validation_score():
    precipitation, layout = rain(300, 1), Layout(1, 25, 0)
    streamflow = respond(precipitation, smooth(25)) + noise(300, 1)
    table = rows(precipitation[None], streamflow, np.array([[0.0, precipitation.max()]]), layout)
    design, flow = table[:, :-1], table[:, -1]
    solution = estimate(table.T @ table, layout, len(table), "gcv")
    form = roughness(np.array([]), layout)
    form *= np.trace((design.T @ design)[1:, 1:]) / np.trace(form)
    scores = []
    for strength in STRENGTHS:
        hat = design @ np.linalg.solve(design.T @ design + strength * form, design.T)
        scores.append(((flow - hat @ flow) ** 2).sum() / (len(flow) - np.trace(hat)) ** 2)
    assert solution.strength == STRENGTHS[np.argmin(scores)]
    assert STRENGTHS[0] < solution.strength < STRENGTHS[-1]
    hat = design @ np.linalg.solve(design.T @ design + solution.strength * form, design.T)
    assert solution.freedom == pytest.approx(np.trace(hat))
    np.testing.assert_allclose(design @ solution.coefficients, hat @ flow, rtol=1e-8, atol=1e-8)


def test_a_short_noisy_record_gives_a_better_response():
    precipitation = rain(500, 2)
    streamflow = respond(precipitation, smooth(30)) + noise(500, 2, scale=2.0)
    plain, regular = (erra(precipitation, streamflow, lags=30, regularisation=r) for r in (None, "gcv"))
    off = [np.sqrt(((found["rrd"][0] - smooth(30)) ** 2).mean().item()) for found in (plain, regular)]
    assert off[1] < 0.6 * off[0]
    assert regular["nu"] > 0
    assert plain["nu"] == 0


def test_without_noise_it_does_not_bend_the_response():
    precipitation = rain(1000, 3)
    found = erra(precipitation, respond(precipitation, kernel(20)), lags=20, regularisation="gcv")
    np.testing.assert_allclose(found["rrd"][0], kernel(20), atol=1e-5)


def test_sources_that_cannot_be_told_apart_are_refused_or_share_the_response():
    one = rain(2000, 4)
    both = np.stack([one, one])
    streamflow = respond(one, kernel(10)) + noise(2000, 4, (0.5,))
    with pytest.raises(ValueError, match="collinear"):
        erra(both, streamflow, lags=10)
    found = erra(both, streamflow, lags=10, regularisation="gcv")
    alone = erra(one, streamflow, lags=10)
    assert np.isfinite(found["rrd"]).all()
    np.testing.assert_allclose(found["rrd"].sum("source"), alone["rrd"][0], atol=0.002)
    np.testing.assert_allclose(found["rrd"][0], found["rrd"][1], atol=1e-6)


def test_a_strong_penalty_straightens_the_response_also_under_noise():
    precipitation = rain(3000, 5)
    streamflow = respond(precipitation, kernel(12)) + noise(3000, 5, (0.9,))
    straight = erra(precipitation, streamflow, lags=12, ar_order=1, regularisation=1e4)["rrd"][0]
    assert float(np.abs(straight.diff("lag", 2)).max()) < 1e-3 * float(np.abs(straight).max())
