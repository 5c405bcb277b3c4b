"""Statistics against exact values: closed forms, hand computations, brute force and symmetries."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from hydronexus.precipitation.statistics import FAMILIES, OUTPUTS, chosen
from hydronexus.precipitation.statistics.distribution import moments, order
from hydronexus.precipitation.statistics.location import gaps, spatial_moments
from hydronexus.precipitation.statistics.motion import catchment_velocity, motion, velocity
from hydronexus.precipitation.statistics.reduction import annual_maxima, areal_reduction_factor, combined
from hydronexus.precipitation.statistics.spells import spells
from hydronexus.precipitation.statistics.structure import PRACTICAL, moment_scaling, morans_i, variogram_range

from .basins import cells, disc, line, rectangle

WET = 0.1
UNITS_OF_RAIN = ("mean", "maximum", "quantile_10", "quantile_50", "quantile_90")
NEVER_NAN = ("valid_fraction", "mean", "wet_fraction", "maximum", "quantile_10", "quantile_50", "quantile_90")


def described(rain, basin, threshold=WET):
    """All statistics by name, shape (time,) each."""
    found = {}
    for family in FAMILIES:
        values = np.atleast_2d(family.function(np.atleast_2d(np.asarray(rain, float)), basin, threshold))
        found |= {output.name: v for output, v in zip(family.outputs, values, strict=True)}
    return found


def showers(steps, basin, seed=0, dry=0.4):
    """Rough rain, partly dry."""
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.7, 3.0, (steps, basin.row.size))
    return np.where(rng.random(rain.shape) < dry, 0, rain)


# --- Distribution over area ---


@pytest.mark.parametrize(
    ("distribution", "cv", "gini", "theil"),
    [
        (stats.expon(), 1, 0.5, special.digamma(2)),
        *[
            (
                stats.gamma(a),
                a**-0.5,
                special.gamma(a + 0.5) / np.sqrt(np.pi) / special.gamma(a + 1),
                special.digamma(a + 1) - np.log(a),
            )
            for a in (0.6, 3.0)
        ],
        *[(stats.lognorm(s), np.sqrt(np.expm1(s**2)), special.erf(s / 2), s**2 / 2) for s in (0.3, 0.8)],
    ],
)
def test_distributions_in_closed_form(distribution, cv, gini, theil):
    count = 100_000
    rain = distribution.ppf((np.arange(count) + 0.5) / count)
    rain = np.random.default_rng(0).permutation(rain)[None]
    found = described_cheap(rain, line(count), threshold=0.0)
    assert found["cv"] == pytest.approx(cv, rel=2e-3)
    assert found["conditional_cv"] == pytest.approx(cv, rel=2e-3)
    assert found["gini"] == pytest.approx(gini, rel=2e-4)
    assert found["theil"] == pytest.approx(theil, rel=2e-3)
    assert found["mean"] == pytest.approx(distribution.mean(), rel=2e-3)
    for share in (10, 50, 90):
        assert found[f"quantile_{share}"] == pytest.approx(distribution.ppf(share / 100), rel=1e-3)


def described_cheap(rain, basin, threshold):
    values = [*moments(rain, basin, threshold), *order(rain, basin, threshold)]
    names = [output.name for family in FAMILIES[:2] for output in family.outputs]
    return {name: float(v[0]) for name, v in zip(names, values, strict=True)}


def test_by_hand_with_weights_and_a_missing_cell():
    found = described_cheap(np.array([[3, 0, np.nan, 1]]), line(4, weight=[0.3, 0.1, 0.4, 0.2]), threshold=0.5)
    mean = (0.9 + 0.2) / 0.6
    assert found == pytest.approx(
        {
            "valid_fraction": 0.6,
            "mean": mean,
            "cv": np.sqrt((2.7 + 0.2) / 0.6 / mean**2 - 1),
            "conditional_cv": np.sqrt(((2.7 + 0.2) / 0.5) / (1.1 / 0.5) ** 2 - 1),
            "wet_fraction": 5 / 6,
            "maximum": 3,
            "areal_reduction": mean / 3,
            "theil": 9 / 11 * np.log(3 / mean) + 2 / 11 * np.log(1 / mean),
            "gini": 23 / 66,
            "quantile_10": 0,
            "quantile_50": 1,
            "quantile_90": 3,
        },
        rel=1e-12,
    )


def test_conditional_cv_and_wet_fraction_make_cv():
    basin = disc(6)
    found = described(showers(30, basin), basin, threshold=1e-9)
    np.testing.assert_allclose(1 + found["cv"] ** 2, (1 + found["conditional_cv"] ** 2) / found["wet_fraction"])


def test_a_cell_of_double_weight_is_two_cells():
    rain = showers(20, line(9))
    doubled = np.concatenate([rain, rain[:, :3]], axis=1)
    weight = np.where(np.arange(9) < 3, 2.0, 1.0)
    for one, other in ((moments, 8), (order, 4)):
        a, b = one(rain, line(9, weight), WET), one(doubled, line(12), WET)
        assert a.shape == b.shape == (other, 20)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_negative_zeros_are_zeros():
    rain = np.array([[2.0, -0.0, 1.0, -0.0]])
    np.testing.assert_array_equal(order(rain, line(4), WET), order(np.abs(rain), line(4), WET))


def test_all_rain_in_one_cell():
    rain = np.zeros((1, 50))
    rain[0, 7] = 4.0
    found = described_cheap(rain, line(50), WET)
    assert found["cv"] == pytest.approx(7)
    assert found["gini"] == pytest.approx(0.98)
    assert found["theil"] == pytest.approx(np.log(50))
    assert found["areal_reduction"] == pytest.approx(0.02)
    assert found["conditional_cv"] == 0


def test_even_rain_is_even():
    basin = disc(5)
    found = described(np.full((2, basin.row.size), 0.3), basin)
    for name, value in {"cv": 0, "gini": 0, "theil": 0, "areal_reduction": 1, "delta1": 1, "delta2": 1}.items():
        np.testing.assert_allclose(found[name], value, atol=1e-7, err_msg=name)
    for name in ("vertical_gap", "horizontal_gap", "wasserstein", "scaling_2", "scaling_3"):
        np.testing.assert_allclose(found[name], 0, atol=1e-10, err_msg=name)
    for name in ("morans_i", "variogram_range", "motion_x", "motion_y"):
        assert np.isnan(found[name]).all(), name


# --- Place along the flow ---


def test_rain_at_one_distance():
    distance = np.array([1.0, 2.0, 3.0, 6.0])
    basin = line(4, weight=[1, 1, 1, 2], distance=distance)
    g1 = (1 + 2 + 3 + 12) / 5
    delta1, delta2, rain_distance = spatial_moments(np.diag([2.0, 3.0, 4.0, 5.0]), basin, WET)
    np.testing.assert_allclose(delta1, distance / g1)
    np.testing.assert_allclose(delta2, 0, atol=1e-12)
    np.testing.assert_allclose(rain_distance, distance)


def test_dispersion_along_the_flow_by_hand():
    basin = line(4, distance=[0, 1, 2, 3])
    _, delta2, _ = spatial_moments(np.array([[1.0, 0, 0, 1], [0, 1, 1, 0]]), basin, WET)
    np.testing.assert_allclose(delta2, [2.25 / 1.25, 0.25 / 1.25])


def test_moments_of_distance_are_those_of_valid_cells():
    delta1, delta2, _ = spatial_moments(np.array([[2.0, 2, np.nan, 2]]), line(4, distance=[1, 2, 30, 4]), WET)
    assert (delta1[0], delta2[0]) == pytest.approx((1, 1))


def test_gaps_by_hand():
    basin = line(4, distance=[3, 1, 4, 2])
    vertical, horizontal, way = gaps(np.array([[0, 0, 5.0, 0], [0, 5.0, 0, 0], [0, 1, 1, 0]]), basin, WET)
    np.testing.assert_allclose(vertical, [0.75, 0.75, 0.25])
    np.testing.assert_allclose(horizontal, [(4 - 2) / 4, (1 - 2) / 4, (1 - 2) / 4])
    np.testing.assert_allclose(way, [1.5, 1.5, 0.5])


def test_wasserstein_and_vertical_gap_against_scipy():
    basin = disc(5)
    basin = replace(basin, distance=np.round(basin.distance**1.5))  # some cells at the same distance
    rain = showers(10, basin)
    rain[3, ::4] = np.nan
    vertical, _, way = gaps(rain, basin, WET)
    for t, r in enumerate(rain):
        valid = np.isfinite(r)
        d, w, v = basin.distance[valid], basin.weight[valid], r[valid]
        assert way[t] == pytest.approx(stats.wasserstein_distance(d, d, w * v, w))
        grid = np.unique(d)[:, None] >= d
        assert vertical[t] == pytest.approx(np.abs(grid @ (w * v) / (w @ v) - grid @ w / w.sum()).max())


def test_without_flow_distances_there_is_nothing_to_say():
    basin = replace(disc(3), distance=None)
    found = described(showers(4, basin), basin)
    for family in FAMILIES:
        if family.needs_distance:
            assert all(np.isnan(found[output.name]).all() for output in family.outputs)


# --- Structure ---


def test_morans_i_of_a_checkerboard_and_of_halves():
    basin = rectangle(8, 8)
    checkerboard = (basin.row + basin.column) % 2 * 2.0
    halves = np.where(basin.column < 4, 1.0, 3.0)
    alike = 1 - 2 * 8 / (2 * 7 * 8)  # 8 of 112 pairs differ
    np.testing.assert_allclose(morans_i(np.stack([checkerboard, halves]), basin, WET), [-1, alike])


def test_morans_i_without_order_is_exactly_its_expectation():
    basin = cells([0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 1])
    rain = np.array(list(permutations([0.0, 1.0, 1.5, 4.0, 7.0, 20.0])))
    assert morans_i(rain, basin, WET).mean() == pytest.approx(-1 / 5, abs=1e-12)


def test_morans_i_leaves_out_missing_cells():
    basin = rectangle(4, 5)
    rain = showers(6, basin, dry=0.0)
    gone = basin.column == 2
    parts = np.flatnonzero(~gone)
    smaller = cells(basin.row[parts], basin.column[parts])
    np.testing.assert_allclose(
        morans_i(np.where(gone, np.nan, rain), basin, WET), morans_i(rain[:, parts], smaller, WET), rtol=1e-12
    )


@pytest.mark.parametrize("missing", [False, True])
def test_variogram_range_against_all_pairs_and_a_general_fit(missing):
    basin = disc(9)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(4, basin.row.size))
    apart = np.hypot(*(basin_axis[:, None] - basin_axis for basin_axis in (basin.x, basin.y)))
    lengths = (1.0, 2.0, 3.0, 0.7)
    rain = np.stack([np.linalg.cholesky(np.exp(-apart / s)) @ z for s, z in zip(lengths, noise, strict=True)]) + 9
    if missing:
        rain[rng.random(rain.shape) < 0.2] = np.nan
    lag = np.rint(apart).astype(int)
    count = int(np.hypot(18, 18) / 2)
    found = variogram_range(rain, basin, WET)
    for t, r in enumerate(rain):
        pair = np.isfinite(r[:, None] + r)
        classes = [pair & (lag == k) & reachable(basin) for k in range(1, count + 1)]
        n = np.array([c.sum() for c in classes])
        h = np.array([apart[c].mean() for c in classes])
        gamma = np.array([((r[:, None] - r) ** 2)[c].mean() / 2 for c in classes])
        sigma = h / np.sqrt(n)
        (_, length), _ = optimize.curve_fit(lambda h, s, L: s * (1 - np.exp(-h / L)), h, gamma, (1, 2), sigma)
        assert found[t] == pytest.approx(PRACTICAL * length, rel=5e-3)


def reachable(basin):
    """Pairs within half the frame in rows and in columns."""
    return np.logical_and(*(abs(axis[:, None] - axis) <= (np.ptp(axis) + 1) // 2 for axis in (basin.row, basin.column)))


@pytest.mark.parametrize("factors", [(0.4, 0.8, 1.2, 1.6), (0.0, 1.0, 1.5, 1.5)])
def test_exponents_of_a_cascade(factors):
    """Every box parts into four with the same factors in another order: M_q falls by their mean power exactly."""
    rng = np.random.default_rng(0)
    field = np.full((1, 1), 2.0)
    for _ in range(5):
        parts = np.stack([[rng.permutation(factors) for _ in row] for row in field]).reshape(*field.shape, 2, 2)
        field = (field[..., None, None] * parts).swapaxes(1, 2).reshape(2 * field.shape[0], -1)
    found = moment_scaling(field.reshape(1, -1), rectangle(32, 32), 1e-9)[:, 0]
    np.testing.assert_allclose(found, [np.log2(np.mean(np.array(factors) ** q)) for q in (2, 3)], rtol=1e-10)


def test_a_narrow_basin_has_no_scaling_exponent():
    basin = rectangle(7, 7)
    assert np.isnan(moment_scaling(showers(3, basin), basin, WET)).all()


# --- Motion ---


def moved(rows, columns, shifts, seed=0, smooth=1.5):
    """A smooth random field that moves by shifts (rows, columns) each step, and the cells of a window on it."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), indexing="ij"))
    spectrum = np.fft.fft2(rng.normal(size=(64, 64))) * np.exp(-2 * (np.pi * smooth * frequency) ** 2)
    steps = []
    down, right = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), indexing="ij")
    for row, column in np.cumsum([(0, 0), *shifts], axis=0):
        steps.append(np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (down * row + right * column))).real)
    field = np.stack(steps)[:, 20 : 20 + rows, 20 : 20 + columns]
    return (field - field.min() + 1).reshape(len(steps), -1)


def test_motion_by_whole_cells_is_found():
    basin = rectangle(20, 24, size=2.0)
    rain = moved(20, 24, [(3, 0), (0, -4), (-2, 5), (0, 0)])
    east, north = motion(rain, basin, WET)
    assert np.isnan(east[0])
    assert np.isnan(north[0])
    np.testing.assert_allclose(east[1:], [0, -8, 10, 0], atol=0.2)
    np.testing.assert_allclose(north[1:], [-6, 0, 4, 0], atol=0.2)  # rows run southward


def test_motion_by_parts_of_a_cell_is_found():
    east, north = motion(moved(20, 24, [(0.5, 0), (0.3, -1.4)]), rectangle(20, 24), WET)
    np.testing.assert_allclose(east[1:], [0, -1.4], atol=0.15)
    np.testing.assert_allclose(north[1:], [-0.5, -0.3], atol=0.15)


def test_motion_in_a_disc_with_missing_cells():
    basin = disc(10)
    rain = moved(21, 21, [(2, 3)] * 3, smooth=2.5)[:, 21 * basin.row + basin.column]
    rain[1, ::7] = np.nan
    east, north = motion(rain, basin, WET)
    np.testing.assert_allclose(east[1:], 3, atol=0.25)
    np.testing.assert_allclose(north[1:], -2, atol=0.25)


def test_no_motion_where_fields_have_nothing_in_common_or_are_dry():
    basin = rectangle(20, 20)
    rain = showers(6, basin, dry=0.0)
    rain[3] = 0
    assert np.isnan(motion(rain, basin, WET)).all()


def test_speed_and_direction():
    speed, direction = velocity(np.array([0.0, 3.0, 0.0, -4.0]), np.array([5.0, 0.0, -1.0, 0.0]), 0.5)
    np.testing.assert_allclose(speed, [10, 6, 2, 8])
    np.testing.assert_allclose(direction, [0, 90, 180, 270])


def test_catchment_velocity_of_steady_rain_is_the_slope():
    assert catchment_velocity(np.full(5, 2.0), 10 + 1.5 * np.arange(5), 0.5) == pytest.approx(3)


def test_catchment_velocity_of_rain_that_stays_is_zero():
    mean, distance = np.array([1.0, 4.0, 0.0, 2.0]), np.array([7.0, 7.0, np.nan, 7.0])
    assert catchment_velocity(mean, distance, 1.0) == pytest.approx(0, abs=1e-12)


def test_catchment_velocity_from_its_covariances():
    mean, distance = np.array([1.0, 4.0, 3.0]), np.array([2.0, 5.0, 9.0])
    time, weight = np.arange(3.0), mean / mean.mean()
    expected = (np.cov(time, weight * distance) - (weight * distance).mean() * np.cov(time, weight))[0, 1] / time.var(
        ddof=1
    )
    assert catchment_velocity(mean, distance, 1.0) == pytest.approx(expected)


# --- Over a record ---


def test_areal_reduction_factor_by_hand_and_in_parts():
    time = np.array(["2001-05-01", "2001-08-01", "2002-02-01", "2002-03-01"], "datetime64[ns]")
    rain = np.array([[4.0, 0.0], [0.0, 8.0], [6.0, 2.0], [np.nan, 3.0]])
    basin = line(2, weight=[3, 1])
    whole = annual_maxima(rain, basin, time)
    np.testing.assert_array_equal(whole.year, [2001, 2002])
    np.testing.assert_allclose(whole.areal, [3, 5])
    np.testing.assert_allclose(whole.cell, [[4, 8], [6, 3]])
    assert areal_reduction_factor(whole, basin) == pytest.approx(4 / (0.75 * 5 + 0.25 * 5.5))
    for cut in (1, 2, 3):
        parts = combined([annual_maxima(rain[:cut], basin, time[:cut]), annual_maxima(rain[cut:], basin, time[cut:])])
        for name in ("year", "areal", "cell"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_areal_reduction_factor_of_even_rain_is_one():
    basin = disc(4)
    time = np.arange("2000-01-01", "2003-01-01", dtype="datetime64[D]")
    rain = np.random.default_rng(0).gamma(1, 1, (time.size, 1)) * np.ones(basin.row.size)
    assert areal_reduction_factor(annual_maxima(rain, basin, time), basin) == pytest.approx(1)


def test_spells_by_hand():
    index = pd.date_range("2000-01-01", periods=9, freq="h")
    found = spells(pd.Series([0, 2, 3, 0, 0.05, np.nan, 1, 0, 0], index), WET)
    assert found["wet"].tolist() == [False, True, False, True, False]
    assert found["steps"].tolist() == [1, 2, 2, 1, 2]
    assert found["depth"].tolist() == pytest.approx([0, 5, 0.05, 1, 0])
    assert found["complete"].tolist() == [False, True, False, False, False]
    assert found["start"].tolist() == index[[0, 1, 3, 6, 7]].tolist()
    assert found["end"].tolist() == index[[0, 2, 4, 6, 8]].tolist()


# --- All of them ---


def test_registry():
    names = [output.name for family in FAMILIES for output in family.outputs]
    assert len(names) == len(set(names)) == len(OUTPUTS)
    cheap, full = chosen("cheap", distance=True), chosen("full", distance=True)
    assert set(cheap) < set(full) == set(FAMILIES)
    assert {f.cost for f in cheap} == {"cheap"}
    assert not any(f.needs_distance for f in chosen("full", distance=False))


def test_dry_steps_and_missing_steps():
    basin = disc(6)
    rain = np.stack([np.zeros(basin.row.size), np.full(basin.row.size, 0.02), np.full(basin.row.size, np.nan)])
    found = described(rain, basin)
    for name, values in found.items():
        if name not in NEVER_NAN:
            assert np.isnan(values).all(), name
        elif name != "valid_fraction":
            assert np.isnan(values[2]), name
            assert values[0] == 0, name
    np.testing.assert_array_equal(found["valid_fraction"].round(12), [1, 1, 0])
    np.testing.assert_array_equal(found["wet_fraction"], [0, 0, np.nan])
    np.testing.assert_allclose(found["mean"], [0, 0.02, np.nan])


def test_units_of_rain_do_not_matter():
    basin = disc(7)
    rain = showers(12, basin)
    rain[2, ::5] = np.nan
    one, other = described(rain, basin), described(8 * rain, basin, 8 * WET)
    for name in one:
        expected = 8 * one[name] if name in UNITS_OF_RAIN else one[name]
        np.testing.assert_allclose(other[name], expected, rtol=1e-6, atol=1e-7, err_msg=name)


def test_order_of_cells_does_not_matter():
    basin = disc(7)
    rain = np.round(showers(12, basin), 1)  # with ties
    rain[2, ::5] = np.nan
    shuffled = np.random.default_rng(1).permutation(basin.row.size)
    arrays = ("index", "weight", "row", "column", "x", "y", "distance")
    mixed = replace(basin, **{name: getattr(basin, name)[shuffled] for name in arrays})
    one, other = described(rain, basin), described(rain[:, shuffled], mixed)
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_a_basin_across_the_seam_of_a_global_grid_is_whole():
    basin = disc(7)
    rain = np.concatenate([showers(5, basin), moved(15, 15, [(1, 2)] * 4)[:, 15 * basin.row + basin.column]])
    torn = replace(basin, column=(basin.column - 6) % 360)
    one, other = described(rain, basin), described(rain, torn)
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_steps_do_not_depend_on_each_other_but_for_motion():
    basin = disc(12)
    rain = showers(300, basin)
    rain[17, 3:30] = np.nan
    whole, part = described(rain, basin), described(rain[10:30], basin)
    for name in whole:
        if not name.startswith("motion"):
            np.testing.assert_allclose(part[name], whole[name][10:30], rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("basin", [line(1, distance=[2.0]), line(2, distance=[1, 2]), line(40, distance=np.arange(40))])
def test_basins_of_few_cells_are_described(basin):
    found = described(showers(5, basin, dry=0.0), basin)
    for name in ("mean", "cv", "gini", "theil", "delta1", "wasserstein"):
        assert np.isfinite(found[name]).all(), name
