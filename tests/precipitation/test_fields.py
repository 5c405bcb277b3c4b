"""Virtual rain, and every statistic against its truth on it, within sampling tolerance."""

import numpy as np
import pytest
from scipy import integrate, optimize

from hydronexus.precipitation.fields import VirtualRain, variance_factor
from hydronexus.precipitation.statistics.distribution import moments, order
from hydronexus.precipitation.statistics.location import gaps, spatial_moments
from hydronexus.precipitation.statistics.motion import motion
from hydronexus.precipitation.statistics.structure import PRACTICAL, moment_scaling, morans_i, variogram_range

from .basins import line, rectangle

WET = 1e-6
RAIN = VirtualRain(mean=2.0, conditional_cv=0.8, wet_fraction=0.7, correlation_length=2.0, seed=1)
SIZE, STEPS = 160, 12


@pytest.fixture(scope="module")
def wide():
    """Basin 80 correlation lengths wide, and independent steps of rain on it."""
    return rectangle(SIZE, SIZE), flat(RAIN.field(STEPS, SIZE, SIZE))


def flat(field):
    return field.to_numpy().astype(float).reshape(len(field), -1)


def near(found, truth, sigmas=4):
    """Whether the mean of independent values is the truth within so many standard errors."""
    error = np.std(found, ddof=1) / np.sqrt(np.size(found))
    assert abs(np.mean(found) - truth) < sigmas * error, (np.mean(found), truth, error)
    assert error < 0.05 * abs(truth)


def test_distribution_over_area(wide):
    basin, rain = wide
    _, mean, cv, conditional, wet, _, _, theil = moments(rain, basin, WET)
    gini, low, middle, high = order(rain, basin, WET)
    near(mean, RAIN.mean)
    near(wet, RAIN.wet_fraction)
    near(conditional, RAIN.conditional_cv)
    near(cv, RAIN.cv)
    near(gini, RAIN.gini)
    near(theil, RAIN.theil)
    near(middle, RAIN.quantile(0.5))
    near(high, RAIN.quantile(0.9))
    assert (low == 0).all()
    assert RAIN.quantile(0.1) == 0


def test_truth_of_the_distribution_by_integration():
    shares = np.linspace(0, 1, 400_001)[:-1] + 0.5 / 400_000
    rain = RAIN.quantile(shares)
    relative = rain / rain.mean()
    assert rain.mean() == pytest.approx(RAIN.mean, rel=1e-4)
    assert rain.std() / rain.mean() == pytest.approx(RAIN.cv, rel=1e-3)
    assert 1 - 2 * (np.cumsum(relative) / relative.size).mean() == pytest.approx(RAIN.gini, rel=1e-3)
    assert np.mean(relative * np.log(np.maximum(relative, 1e-300))) == pytest.approx(RAIN.theil, rel=1e-3)


def test_correlation_of_rain(wide):
    _, rain = wide
    z = (rain.reshape(STEPS, SIZE, SIZE) - RAIN.mean) / (RAIN.cv * RAIN.mean)
    for lag in (1, 2, 4):
        near((z[:, lag:] * z[:, :-lag]).mean((1, 2)), RAIN.correlation(lag))
    assert RAIN.correlation(0) == pytest.approx(1)
    assert RAIN.correlation(100) == pytest.approx(0, abs=1e-9)


def test_correlation_survives_the_transformation_when_rain_is_nearly_normal():
    rain = VirtualRain(conditional_cv=0.05, correlation_length=3.0)
    np.testing.assert_allclose(rain.correlation(np.array([1, 5])), np.exp([-1 / 3, -5 / 3]), rtol=2e-3)


def test_morans_i_is_the_correlation_of_neighbours(wide):
    basin, rain = wide
    found = morans_i(rain, basin, WET)
    assert found.mean() == pytest.approx(RAIN.correlation(1), abs=4 * found.std() / np.sqrt(STEPS) + 1e-3)


def test_variogram_range(wide):
    """Against the same fit to the exact variogram of the rain, at all displacements of a lag class."""
    basin, rain = wide
    near_ones = np.arange(-60, 61)
    distance = np.hypot(*np.meshgrid(near_ones, near_ones))
    lag = np.rint(distance).astype(int)
    h, gamma = (
        np.array([of[lag == k].mean() for k in range(1, 61)]) for of in (distance, 1 - RAIN.correlation(distance))
    )
    (_, length), _ = optimize.curve_fit(
        lambda h, s, L: s * (1 - np.exp(-h / L)), h, gamma, (1, 2), h / np.sqrt(np.arange(1, 61))
    )
    found = variogram_range(rain, basin, WET)
    assert found.mean() == pytest.approx(PRACTICAL * length, rel=0.05)


def test_scaling_exponent_is_that_of_the_variance_of_box_means(wide):
    basin, rain = wide
    found = moment_scaling(rain, basin, WET)[0]
    sides = 2 ** np.arange(7)
    second = [1 + RAIN.cv**2 * mean_correlation(RAIN, side, side) for side in sides]
    expected = -np.polyfit(np.log(sides), np.log(second), 1)[0]
    assert found.mean() == pytest.approx(expected, rel=0.05)


def mean_correlation(rain, rows, columns):
    """Mean over all pairs of cells of a rectangle: the variance of its mean over that of a cell."""
    down, right = (np.arange(-n + 1, n) for n in (rows, columns))
    pairs = (rows - np.abs(down))[:, None] * (columns - np.abs(right))
    return (pairs * rain.correlation(rain.cell_size * np.hypot(down[:, None], right))).sum() / pairs.sum()


def test_variance_of_the_areal_mean_and_cv_within_a_small_basin():
    """A basin a few correlation lengths wide sees only the variance that its mean does not take away."""
    rain = VirtualRain(conditional_cv=0.5, correlation_length=4.0, seed=2)
    field = flat(rain.field(2000, 8, 12))
    _, mean, cv, *_ = moments(field, rectangle(8, 12), WET)
    share = mean_correlation(rain, 8, 12)
    assert mean.var() == pytest.approx(rain.cv**2 * share, rel=0.12)
    assert np.average(cv**2, weights=mean**2) * (mean**2).mean() == pytest.approx(rain.cv**2 * (1 - share), rel=0.05)


def test_variance_factor_of_a_line():
    for ratio in (0.01, 1.0, 7.0):
        pairs, _ = integrate.dblquad(lambda a, b, r=ratio: 2 * np.exp(-r * (a - b)), 0, 1, lambda b: b, 1)
        assert variance_factor(ratio) == pytest.approx(pairs, rel=1e-6)
    rain = VirtualRain(conditional_cv=0.1, correlation_length=8.0, seed=3)
    lines = rain.field(40, 400, 24).to_numpy().astype(float).reshape(-1, 24)
    mean = moments(lines, line(24), WET)[1]
    assert mean.var() / rain.cv**2 == pytest.approx(variance_factor(24 / 8), rel=0.1)


def test_rain_is_no_nearer_to_the_outlet_than_area():
    rain = VirtualRain(conditional_cv=1.0, correlation_length=3.0, seed=4)
    basin = rectangle(12, 30)
    field = flat(rain.field(1500, 12, 30))
    delta1, delta2, distance = spatial_moments(field, basin, WET)
    weight = moments(field, basin, WET)[1]
    error = delta1.std() / np.sqrt(delta1.size)
    assert np.average(delta1, weights=weight) == pytest.approx(1, abs=4 * error)
    np.testing.assert_allclose(distance, delta1 * (basin.weight @ basin.distance))
    # On average the spread of rain about its own centre misses what its centre varies.
    spread = basin.weight @ basin.distance**2 - (basin.weight @ basin.distance) ** 2
    assert np.average(delta2, weights=weight) + distance.var() / spread == pytest.approx(1, abs=0.02)
    _, horizontal, way = gaps(field, basin, WET)
    assert horizontal.mean() == pytest.approx(0, abs=4 * horizontal.std() / np.sqrt(horizontal.size))
    assert (way >= np.abs(distance - basin.weight @ basin.distance) - 1e-9).all()


def test_motion():
    """Rows of a field run northward, x eastward, 2 km a cell."""
    rain = VirtualRain(correlation_length=12.0, cell_size=2.0, motion=(5.0, -3.0), duration=20, seed=5)
    field = rain.field(40, 30, 30)
    basin = rectangle(30, 30, size=2.0)
    northward = flat(field.isel(y=slice(None, None, -1)))  # rows of the basin run southward
    east, north = motion(northward, basin, WET)
    within = np.arange(40) % 20 != 0
    assert np.isfinite(east[within]).all()
    assert east[within].mean() == pytest.approx(5, abs=0.2)
    assert north[within].mean() == pytest.approx(-3, abs=0.2)


def test_values_do_not_depend_on_chunks():
    rain = VirtualRain(motion=(1.0, 0.5), duration=4, seed=6)
    whole = rain.field(10, 20, 30, chunks=(10, 20, 30)).to_numpy()
    parts = rain.field(10, 20, 30, chunks=(3, 7, 11))
    assert parts.chunks == ((3, 3, 3, 1), (7, 7, 6), (11, 11, 8))
    np.testing.assert_array_equal(parts.to_numpy(), whole)
    assert not np.array_equal(whole[3], whole[4])


def test_a_field_larger_than_memory_is_lazy():
    field = VirtualRain(duration=100).field(200_000, 400, 400, chunks=(200, 100, 100))
    assert field.nbytes > 1e11
    assert field[100_000:100_002, :3, :3].to_numpy().shape == (2, 3, 3)
