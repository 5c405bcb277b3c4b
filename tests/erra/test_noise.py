"""Autoregressive noise: its order and coefficients are found, and the response freed of it."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from statsmodels.tsa.arima_process import ArmaProcess

from hydronexus.erra import erra
from hydronexus.erra.noise import autocorrelation, effective_count, unfold
from tests.erra.synthetic import AR2, kernel, noise, rain, respond


def test_psi_inverts_the_toeplitz_matrix_of_the_noise():
    np.testing.assert_allclose(unfold(np.array([0.5]), 3), [[1, 0, 0], [0.5, 1, 0], [0.25, 0.5, 1]])
    matrix = np.tril(toeplitz([1.0, -1.6, 0.62, 0, 0, 0, 0]))
    np.testing.assert_allclose(unfold(np.array(AR2), 7), np.linalg.inv(matrix), atol=1e-12)
    np.testing.assert_allclose(unfold(np.array([]), 4), np.eye(4))
    np.testing.assert_allclose(unfold(np.array([0.5, 0.1]), 1), [[1.0]])


def test_second_order_noise_is_recovered_and_its_order_chosen():
    steps = 60_000
    precipitation, response = rain(steps, 1), kernel(20)
    found = erra(precipitation, respond(precipitation, response) + noise(steps, 1, AR2), lags=20)
    assert found["ar_order"] == 2
    np.testing.assert_allclose(found["ar"], AR2, atol=0.006)
    assert found["residual_variance"].item() == pytest.approx(0.09, rel=0.02)
    assert float(np.abs(found["residual_acf"]).max()) < 0.02
    assert float(np.abs((found["rrd"][0] - response) / found["rrd_error"][0]).max()) < 3.5


@pytest.mark.parametrize(("autoregression", "order"), [((), 0), ((0.8,), 1), (AR2, 2), ((0.5, 0.0, 0.3), 3)])
def test_the_order_chosen_is_that_of_the_noise(autoregression, order):
    precipitation = rain(15_000, 2)
    streamflow = respond(precipitation, kernel(10)) + noise(15_000, 2, autoregression)
    assert erra(precipitation, streamflow, lags=10)["ar_order"] == order


def test_a_response_longer_than_the_lags_is_not_bent_by_what_is_cut_off():
    precipitation = rain(20_000, 3)
    streamflow = respond(precipitation, 0.1 * 0.9 ** np.arange(200))
    cut = erra(precipitation, streamflow + noise(20_000, 3, (0.9,)), lags=10, ar_order=1)
    np.testing.assert_allclose(cut["rrd"][0], 0.1 * 0.9 ** np.arange(10), atol=0.003)


def test_rows_with_noise_need_earlier_streamflow_and_more_lags():
    precipitation = rain(1000, 4)
    streamflow = respond(precipitation, kernel(5)) + noise(1000, 4, AR2)
    streamflow[500] = np.nan
    precipitation[700] = np.nan
    found = erra(precipitation, streamflow, lags=5, ar_order=2)
    assert found["rows"] == 1000 - 6 - 3 - 7


def test_effective_rows_of_first_order_noise():
    assert effective_count(np.array([0.6]), 800) == pytest.approx(800 * 0.4 / 1.6)
    assert effective_count(np.array([]), 800) == 800
    assert np.isnan(effective_count(np.array([1.01]), 800))
    process = ArmaProcess.from_coeffs(AR2)
    long_run = process.acovf(2000)
    expected = long_run[0] / (long_run[0] + 2 * long_run[1:].sum())
    assert effective_count(np.array(AR2), 1000) == pytest.approx(1000 * expected, rel=1e-6)


def test_autocorrelation_over_the_pairs_there_are():
    moderate = (0.7, -0.3)
    series = noise(100_000, 5, moderate)
    series[np.random.default_rng(5).choice(100_000, 10_000, replace=False)] = np.nan
    acf, pacf = autocorrelation(series)
    process = ArmaProcess.from_coeffs(moderate)
    np.testing.assert_allclose(acf, process.acf(11)[1:], atol=0.015)
    np.testing.assert_allclose(pacf[:2], process.pacf(3)[1:], atol=0.015)
    np.testing.assert_allclose(pacf[2:], 0.0, atol=0.015)
