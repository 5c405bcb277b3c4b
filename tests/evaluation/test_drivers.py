"""Deformation against heterogeneity over basins: found where it is, and not where a control explains it."""

import numpy as np
import pandas as pd
import pytest

from hydronexus.evaluation.drivers import COLUMNS, drivers

PROCESSES = ("interception", "infiltration", "evapotranspiration", "recharge", "baseflow")


def study(count, cause, seed=0, grid=True):
    """Tables of a study whose infiltration is deformed by `cause` of the basins' attributes."""
    rng = np.random.default_rng(seed)
    basins = [f"us_{i:03d}" for i in range(count)]
    area = np.exp(rng.normal(6, 1, count))
    attributes = pd.DataFrame(
        {
            "basin": basins, "area_km2": area, "aridity": rng.uniform(0.4, 2, count),
            "snow_fraction": rng.uniform(0, 0.5, count), "rain_day_cv": rng.uniform(0.8, 1.6, count),
        }
    )  # fmt: skip
    cv = 0.2 * np.log(area) + 0.15 * rng.standard_normal(count)  # larger basins see more unlike rain
    known = {"cv": cv, "area": np.log(area), "nothing": rng.standard_normal(count)}
    rows = []
    for process in PROCESSES:
        signal = known[cause] if process == "infiltration" else rng.standard_normal(count)
        rows.append(
            pd.DataFrame(
                {"basin": basins, "process": process, "deformation": signal + 0.1 * rng.standard_normal(count)}
            )
        )
    responses = pd.concat(rows).assign(mixing_gain=np.nan)
    table = pd.DataFrame(
        {
            "basin": basins, "season": "all", "intensity": "all", "statistic": "conditional_cv", "value": cv,
            "cells": rng.integers(20, 900, count),
        }
    )  # fmt: skip
    return responses, attributes, table if grid else table.iloc[:0]


def infiltration(tables, driver="conditional_cv"):
    found = drivers(*tables)
    return found[(found["process"] == "infiltration") & (found["driver"] == driver)].iloc[0]


def test_a_driver_is_found_beside_its_controls():
    row = infiltration(study(60, "cv"))
    assert row["rho"] > 0.7
    assert row["low"] < row["rho"] < row["high"]
    assert row["p_adjusted"] < 0.001
    assert row["importance"] > 3 * row["importance_error"] > 0
    assert row["controls"] == "area_km2, aridity, snow_fraction, cells"
    assert not row["proxy"]


def test_what_a_control_explains_is_not_put_down_to_heterogeneity():
    tables = study(60, "area")
    plain = np.corrcoef(tables[2]["value"], tables[0].query("process == 'infiltration'")["deformation"])[0, 1]
    assert plain > 0.4
    assert abs(infiltration(tables)["rho"]) < 0.3
    assert infiltration(tables)["p_adjusted"] > 0.05


def test_false_discoveries_stay_rare():
    found = [drivers(*study(25, "nothing", seed)) for seed in range(40)]
    rate = np.mean([(table.query("driver == 'conditional_cv'")["p_adjusted"] < 0.05).any() for table in found])
    assert rate <= 0.15


def test_without_a_grid_proxies_are_called_so():
    found = drivers(*study(30, "nothing", grid=False)).query("measure == 'deformation'")
    assert list(found["driver"].unique()) == ["rain_day_cv"]
    assert found["proxy"].all()
    assert (found["controls"] == "area_km2, aridity, snow_fraction").all()


@pytest.mark.parametrize("count", [1, 6])
def test_too_few_basins_give_rows_without_numbers(count):
    found = drivers(*study(count, "cv"))
    assert list(found) == list(COLUMNS)
    assert found["rho"].isna().all()
    assert (found["n"] == count).all()
