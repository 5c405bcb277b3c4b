"""The configuration: strict, explained, and documented from one source."""

import json
from pathlib import Path

import pytest

from hydronexus.config import json_schema, key_documentation, load_study, read_study
from hydronexus.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[1]
PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}


def study(**changes):
    return {"study": "x", "datasets": {"v": {"format": "virtual"}}, "periods": PERIODS} | changes


def mistakes(**changes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_study(study(**changes))
    return str(caught.value)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_that_is_shipped_is_valid(path):
    assert read_study(path).datasets


def test_schema_and_documentation_are_those_of_the_model():
    kept = json.loads((ROOT / "workflow" / "schemas" / "config.schema.json").read_text())
    assert kept == json.loads(json.dumps(json_schema()))
    assert (ROOT / "config" / "README.md").read_text().endswith(key_documentation())


def test_all_mistakes_are_told_at_once():
    text = mistakes(model={"closre": "scan", "closure": "pickard"}, training={"seeds": 0})
    assert "3 mistakes" in text
    assert "model.closre: unknown key; did you mean 'closure'?" in text
    assert "found 'pickard'" in text
    assert "did you mean 'picard'?" in text
    assert "training.seeds: found 0" in text


def test_an_id_that_yaml_read_as_a_number_is_explained():
    dataset = {"format": "camels_us", "path": "data", "basins": [0o1022500]}
    assert "put it in quotes, perhaps '01022500'" in mistakes(datasets={"us": dataset})


@pytest.mark.parametrize("basin", ["../x", "a/b", ".hidden", ""])
def test_ids_cannot_leave_the_results_folder(basin):
    assert "basins" in mistakes(datasets={"v": {"format": "virtual", "basins": [basin]}})


@pytest.mark.parametrize("name", ["../x", "a b", "", "a/b"])
def test_study_names_cannot_leave_the_results_folder(name):
    assert "study" in mistakes(study=name)


def test_overlapping_and_reversed_periods_are_refused():
    assert "overlap" in mistakes(periods=PERIODS | {"test": ["1985-01-01", "1999-09-30"]})
    assert "before it begins" in mistakes(periods=PERIODS | {"test": ["1999-09-30", "1989-10-01"]})


def test_a_dataset_may_bring_its_own_periods():
    own = PERIODS | {"test": ["1990-10-01", "1999-09-30"]}
    loaded = load_study(study(datasets={"v": {"format": "virtual", "periods": own}, "w": {"format": "virtual"}}))
    assert str(loaded.periods_of("v").test[0]) == "1990-10-01"
    assert str(loaded.periods_of("w").test[0]) == "1989-10-01"


def test_a_format_that_needs_a_path_says_so():
    assert "needs a path" in mistakes(datasets={"us": {"format": "camels_us"}})
