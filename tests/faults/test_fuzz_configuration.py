"""Hostile configurations and lists of basins: a study that every rule can use, or an error that names what is wrong."""

import copy
import datetime
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hydronexus.config import Study, fit_for_files, load_study, read_study
from hydronexus.errors import ConfigurationError
from hydronexus.forcing import catalogue, ids
from hydronexus.precipitation import identity
from tests.faults.datasets import PERIODS
from tests.faults.jobs import fuzzed, within
from tests.faults.mutations import damage, mutate

pytestmark = pytest.mark.faults
WHOLE = {
    "study": "whole",
    "datasets": {
        "v": {"format": "virtual", "basins": ["1", "two"], "virtual": {"years": 5, "start": "2000-01-01"}},
        "mine": {
            "format": "csv",
            "path": "data",
            "basins": ["a"],
            "variables": {"precipitation": "prcp", "temperature": ["tmin", "tmax"]},
            "units": {"precipitation": "mm/day"},
            "attributes": "a.csv",
            "periods": PERIODS,
        },
    },
    "periods": PERIODS,
    "quality": {"max_filled_gap": 5, "max_runoff_ratio": 2.0},
    "model": {"closure": "picard", "iterations": 3, "hidden_size": 8},
    "training": {"seeds": 2, "steps": 10, "learning_rate": 0.01, "device": "cpu"},
    "baselines": ["lstm", "gr4j"],
    "response": {"pulses": 30, "lag": 30},
    "precipitation_grids": {
        "g": {"path": "rain_*.nc", "polygons": "p.gpkg", "dataset": "mine", "storage_options": {"anon": True}}
    },
    "workers": {"slurm": {"jobs": 2, "options": ["--qos=x"]}},
    "gpus": 0,
    "cohorts": 2,
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -1, 0, 2**63]),
    st.floats(),
    st.text(max_size=20),
    st.text("./~\\\0\n ｡․／a", max_size=12),
    st.sampled_from(
        ["", "all", "{basin}", "x" * 5000, "\ud800", "../../etc", "s3://x", "file:///etc/passwd", "!!python"]
    ),
    st.dates(),
    st.just(datetime.datetime(2000, 1, 1, 12)),
    st.binary(max_size=8),
    st.lists(st.one_of(st.integers(), st.text(max_size=5), st.none()), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=5), st.integers(), st.none()), st.integers(), max_size=2),
)  # fmt: skip


def places(node: Any, here: tuple = ()) -> list[tuple]:
    """Where something stands in nested mappings and lists."""
    found = [here] if here else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [place for key, value in items for place in places(value, (*here, key))]


def put(node: Any, place: tuple, how: str, value: Any) -> None:
    """Replace, remove, rename or add what stands at a place."""
    for key in place[:-1]:
        node = node[key]
    match how:
        case "replace":
            node[place[-1]] = value
        case "remove":
            del node[place[-1]]
        case "rename" if isinstance(node, dict):
            node[tuple(value) if isinstance(value, list) else str(value)] = node.pop(place[-1])
        case "add" if isinstance(node, list):
            node.append(value)
        case "add":
            node["added"] = value


def usable(study: Study) -> None:
    """What the rules ask of a study while Snakemake reads them."""
    study.settings("model", "training", "response", "quality", "baselines")
    for name in study.datasets:
        study.dataset_settings(name)
        study.periods_of(name).model_dump_json()
    for grid in study.precipitation_grids.values():
        grid.model_dump_json()
        identity.fingerprint(grid)
    try:
        basins = catalogue.basins(study)
    except ConfigurationError:
        return
    for basin, (dataset, own) in basins.items():
        assert basin == f"{dataset}_{own}"
        assert Path(os.path.normpath(f"results/{study.study}/forcing/{basin}.zarr.zip")).parts[:3] == (
            "results",
            study.study,
            "forcing",
        )
        catalogue.fingerprint(study, basin)


@fuzzed
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(["replace", "remove", "rename", "add"]), VALUES),
        min_size=1,
        max_size=3,
    )
)
def test_a_changed_configuration_is_a_study_or_a_named_error(changes):
    raw = copy.deepcopy(WHOLE)
    for number, how, value in changes:
        there = places(raw)
        if there:
            put(raw, there[number % len(there)], how, value)
    with within(30):
        try:
            usable(load_study(raw))
        except ConfigurationError as error:
            assert "mistake" in str(error) or "no mapping" in str(error)


@fuzzed
@given(raw=VALUES)
def test_a_configuration_that_is_no_mapping_is_a_named_error(raw):
    with pytest.raises(ConfigurationError):
        load_study(raw)


@fuzzed
@given(steps=damage(text=True))
def test_a_damaged_configuration_file_is_a_study_or_a_named_error(steps):
    with tempfile.TemporaryDirectory() as folder, within(30):
        path = Path(folder) / "study.yaml"
        path.write_bytes(mutate(yaml.safe_dump(WHOLE, sort_keys=False).encode(), steps))
        try:
            usable(read_study(path))
        except ConfigurationError as error:
            assert "mistake" in str(error) or str(path) in str(error) or "no mapping" in str(error)


@fuzzed
@given(steps=damage(text=True))
def test_a_damaged_list_of_basins_holds_ids_or_is_a_named_error(steps):
    with tempfile.TemporaryDirectory() as folder, within(30):
        path = Path(folder) / "basins.csv"
        path.write_bytes(mutate(b"# gauges\nbasin,name\n01022500,one\n01031500,two\n02177000,three\n", steps))
        try:
            found = ids.read_ids(path)
        except ConfigurationError as error:
            assert str(path) in str(error)
        else:
            assert found
            assert found == [fit_for_files(basin) for basin in found]


@fuzzed
@given(text=st.one_of(st.text(), st.text("./~\\\0\n ｡․／ａa", max_size=12), st.text("é\u0301eﬁﬀ²", max_size=5)))
def test_an_id_names_one_file_in_its_folder_or_is_refused(text):
    try:
        fit_for_files(text)
    except ValueError:
        return
    name = f"{text}.zarr.zip"
    assert Path(name).name == name
    assert len(name.encode()) < 255
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).touch()
        assert [path.name for path in Path(folder).iterdir()] == [name]
