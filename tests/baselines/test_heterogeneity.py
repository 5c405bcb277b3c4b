"""The control that is told how unlike rain is, and its placebo, on a virtual catchment whose rain changes its CV."""

import json

import numpy as np
import pytest
import xarray as xr

from hydronexus.baselines.heterogeneity import CONTROLS
from hydronexus.baselines.run import run_baselines
from hydronexus.config import load_study
from hydronexus.evaluation.uneven_rain import uneven_rain
from hydronexus.forcing.ingest import ingest


def study_of(spread):
    return load_study(
        {
            "study": "x",
            "datasets": {
                "v": {"format": "virtual", "virtual": {"rain_cv_spread": spread, "cells": 50}, "basins": ["a"]}
            },
            "periods": {
                "validation": ["2002-01-01", "2003-12-31"],
                "test": ["2004-01-01", "2006-12-31"],
                "train": ["2007-01-01", "2011-12-31"],
            },
            "training": {"seeds": 2, "steps": 400},
            "baselines": ["heterogeneity"],
        }
    )


@pytest.mark.slow
def test_the_told_model_learns_what_uneven_rain_does_and_the_placebo_does_not(tmp_path):
    study = study_of(1.0)
    forcing = ingest(study, "v_a")
    baselines = run_baselines(study, forcing, "v_a", tmp_path / "none")
    test = slice(*study.periods.test)
    observed = forcing["streamflow"].sel(time=test)
    error = {name: float(((baselines[name].sel(time=test) - observed) ** 2).mean()) for name in CONTROLS}
    assert error["nexus_heterogeneity"] < 0.6 * error["nexus_placebo"]
    learned = json.loads(baselines.attrs["heterogeneity"])
    assert np.median(learned["nexus_heterogeneity"]["effect"]) < -0.15
    assert abs(np.median(learned["nexus_placebo"]["effect"])) < 0.1
    (row,) = uneven_rain(None, baselines)
    assert row["effect_placebo"] == np.median(learned["nexus_placebo"]["effect"])
    assert np.isnan(row["deformation_mean_rain"])


def test_a_basin_whose_rain_is_known_by_its_mean_alone_has_no_control(tmp_path):
    study = study_of(0.0)
    baselines = run_baselines(study, ingest(study, "v_a"), "v_a", tmp_path / "none")
    assert not baselines.data_vars
    assert uneven_rain(xr.Dataset(), baselines) == []
