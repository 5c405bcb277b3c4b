"""Where the heterogeneity of a basin's rain comes from."""

import json

import pandas as pd
import xarray as xr

from hydronexus.fieldscale.mixing import PointRain
from hydronexus.response.rain import observed


def forcing(**attrs):
    return xr.Dataset(attrs={"basin": "us_1"} | attrs)


def test_of_a_virtual_basin_as_it_was_made():
    virtual = json.dumps({"rain_cv": 0.7, "wet_fraction": 0.5})
    assert observed(forcing(virtual=virtual), []) == PointRain(0.7, 0.5)


def test_of_a_gridded_basin_over_its_whole_record(tmp_path):
    rows = [
        ("us_1", "all", "all", "conditional_cv", 0.8),
        ("us_1", "all", "all", "wet_fraction", 0.6),
        ("us_1", "DJF", "all", "conditional_cv", 9.0),
        ("us_2", "all", "all", "conditional_cv", 9.0),
    ]
    table = pd.DataFrame(rows, columns=["basin", "season", "intensity", "statistic", "value"])
    table.to_csv(tmp_path / "summary.csv", index=False)
    assert observed(forcing(), [tmp_path / "summary.csv"]) == PointRain(0.8, 0.6)
    assert observed(forcing(basin="us_3"), [tmp_path / "summary.csv"]) is None


def test_unknown_where_all_basins_of_a_grid_failed(tmp_path):
    pd.DataFrame({"basin": []}).to_csv(tmp_path / "summary.csv", index=False)
    assert observed(forcing(), [tmp_path / "summary.csv"]) is None


def test_unknown_without_a_grid():
    assert observed(forcing(), []) is None
