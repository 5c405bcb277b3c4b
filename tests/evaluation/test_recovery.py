"""Recovery of a known truth."""

import numpy as np
import pytest

from hydronexus.evaluation.recovery import recovery
from tests.builders import build_basin


def perfect(basin):
    """The basin's simulation with every member equal to the truth."""
    simulation = basin.simulation.copy(deep=True)
    for name in simulation.data_vars:
        simulation[name][:] = basin.forcing[f"true_{name}"].values
    return simulation


def test_the_truth_itself_is_recovered_without_error():
    basin = build_basin("virtual_b", virtual=True, snow=False)
    table = recovery(basin.forcing, perfect(basin)).dropna()
    assert set(table["loop"]) == {"open", "closed"}
    assert {"soil", "recharge", "streamflow"} <= set(table["variable"])
    np.testing.assert_allclose(table["total_error_percent"], 0, atol=1e-4)
    np.testing.assert_allclose(table["correlation"], 1, atol=1e-6)
    np.testing.assert_allclose(table["nse"], 1, atol=1e-6)


def test_a_flux_a_tenth_too_large_has_ten_percent_error_and_full_correlation():
    basin = build_basin("virtual_b", virtual=True, snow=False)
    simulation = perfect(basin)
    simulation["recharge"][:, 1] *= 1.1
    row = recovery(basin.forcing, simulation).query("variable == 'recharge' and loop == 'closed'").iloc[0]
    assert row["total_error_percent"] == pytest.approx(10, abs=1e-3)
    assert row["correlation"] == pytest.approx(1, abs=1e-6)
    assert row["nse"] < 1


def test_the_ensemble_mean_is_compared_not_its_members():
    basin = build_basin("virtual_b", virtual=True, snow=False)
    simulation = perfect(basin)
    simulation["recharge"][0] *= 1.3
    simulation["recharge"][1] *= 0.7
    row = recovery(basin.forcing, simulation).query("variable == 'recharge' and loop == 'open'").iloc[0]
    assert row["nse"] == pytest.approx(1, abs=1e-6)


def test_a_flux_that_never_flows_has_no_total_error_and_no_correlation():
    basin = build_basin("virtual_b", virtual=True, snow=False)
    forcing = basin.forcing.assign(true_recharge=0 * basin.forcing["true_recharge"])
    row = recovery(forcing, basin.simulation).query("variable == 'recharge'").iloc[0]
    assert np.isnan([row["total_error_percent"], row["correlation"], row["nse"]]).all()


def test_a_real_basin_has_nothing_to_recover_but_all_columns():
    basin = build_basin()
    table = recovery(basin.forcing, basin.simulation)
    assert table.empty
    assert list(table) == ["variable", "loop", "total_error_percent", "correlation", "nse"]
