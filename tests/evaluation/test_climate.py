"""Climate of a basin, and what an advantage goes with over basins."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from hydronexus.evaluation.aggregate import aggregate
from hydronexus.evaluation.climate import ATTRIBUTES, advantage, associations, climate
from tests.builders import PERIODS, build_basin, evaluate

PERIOD = ("2001-01-01", "2001-01-04")


def small(step_days: float = 1.0, **changes) -> xr.Dataset:
    """Five days, the last outside the period."""
    arrays = {
        "precipitation": [4.0, 0.0, 6.0, 10.0, 500.0],
        "potential_evapotranspiration": [1.0, 2.0, 3.0, 4.0, 500.0],
        "temperature": [-1.0, -5.0, 0.0, 8.0, -9.0],
        "streamflow": [1.0, 2.0, math.nan, 6.0, 500.0],
    } | changes
    count = round(1 / step_days)
    time = pd.date_range("2001-01-01", periods=5 * count, freq=pd.Timedelta(days=step_days))
    share = {name: 1 if name == "temperature" else count for name in arrays}
    data = {name: ("time", np.repeat(values, count) / share[name]) for name, values in arrays.items()}
    return xr.Dataset(data, {"time": time}, {"time_step_days": step_days, "area_km2": 12.5, "slope_m_per_km": 30.0})


@pytest.mark.parametrize("step_days", [1.0, 0.25])
def test_indices_are_those_of_the_period_at_any_time_step(step_days):
    found = climate(small(step_days), PERIOD)
    assert found["precipitation"] == pytest.approx(5.0)
    assert found["potential_evapotranspiration"] == pytest.approx(2.5)
    assert found["aridity"] == pytest.approx(0.5)
    assert found["snow_fraction"] == pytest.approx(0.2)
    assert found["runoff_ratio"] == pytest.approx(9 / 14)  # on the three days with an observation
    assert found["flow_variability"] == pytest.approx(np.std([1, 2, 6]) / 3)
    assert found["area_km2"] == 12.5


def test_what_is_not_known_is_nan():
    forcing = small(streamflow=[math.nan] * 5).drop_vars("temperature")
    forcing.attrs = {"time_step_days": forcing.attrs["time_step_days"]}
    found = climate(forcing, PERIOD)
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert unknown == {"snow_fraction", "runoff_ratio", "flow_variability", "area_km2", "slope_m_per_km"}


def test_the_table_has_one_row_per_basin_over_its_training_years():
    table = aggregate([evaluate(), evaluate("virtual_b", virtual=True, snow=False)])["climate"]
    assert list(table["basin"]) == ["demo_a", "virtual_b"]
    expected = climate(build_basin().forcing, PERIODS.train)
    assert table.iloc[0].drop("basin").to_dict() == pytest.approx(expected, nan_ok=True)
    assert math.isnan(table["snow_fraction"][1])


def test_associations_are_rank_correlations_adjusted_for_their_number():
    rng = np.random.default_rng(0)
    values = pd.Series(rng.standard_normal(30), [f"b{i}" for i in range(30)])
    attributes = pd.DataFrame(
        {
            "related": np.exp(values + 0.5 * rng.standard_normal(30)),
            "opposite": -(values**3),
            "noise": rng.standard_normal(30),
            "rare": [1.0, 2.0, 3.0, 4.0] + [math.nan] * 26,
            "constant": 1.0,
        }
    )[::-1]  # rows are matched by name, not by place
    found = associations(values, attributes)
    assert found.loc["opposite", "rho"] == pytest.approx(-1)
    expected = stats.spearmanr(values, attributes["related"].loc[values.index])
    assert found.loc["related", "rho"] == pytest.approx(expected.statistic)
    assert found.loc["related", "p"] == pytest.approx(expected.pvalue)
    assert found.loc["rare", "n"] == 4
    assert found.loc[["rare", "constant"], ["rho", "p", "p_adjusted"]].isna().all(axis=None)
    p = found["p"].dropna().sort_values()  # three tests: p_(i) 3 / i, made monotone from the largest down
    adjusted = np.minimum.accumulate((p * 3 / np.arange(1, 4)).to_numpy()[::-1])[::-1]
    np.testing.assert_allclose(found.loc[p.index, "p_adjusted"], adjusted)


def test_the_advantage_is_over_the_best_rival_of_each_basin():
    nse = {
        "a": {"nexus_closed": 0.8, "gr4j": 0.7, "prescribed": 0.75},
        "b": {"nexus_closed": 0.5, "gr4j": 0.6, "prescribed": 0.2},
        "c": {"nexus_closed": 0.9, "gr4j": 0.6},
        "d": {"gr4j": 0.6},
    }
    rows = [
        {"basin": basin, "model": model, "period": period, "nse": value + (period == "train")}
        for basin, models in nse.items()
        for model, value in models.items()
        for period in ("train", "test")
    ]
    found = advantage(pd.DataFrame(rows), "nexus_closed", ("gr4j", "prescribed"))
    assert list(found.index) == ["b", "a", "c"]
    np.testing.assert_allclose(found["difference"], [-0.1, 0.05, 0.3])
    assert list(found["rival"]) == ["gr4j", "prescribed", "gr4j"]


def test_a_study_without_conventional_models_has_no_advantage():
    rows = pd.DataFrame([{"basin": "a", "model": "nexus_closed", "period": "test", "nse": 0.8}])
    assert advantage(rows, "nexus_closed", ("gr4j",)).empty
    assert advantage(rows.iloc[:0], "nexus_closed", ("gr4j",)).empty


def test_every_attribute_has_a_unit():
    assert all("[" in label for label in ATTRIBUTES.values())
