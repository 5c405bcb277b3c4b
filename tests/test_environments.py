"""Environments for conda and CI agree with what the project requires, and licences of what it requires are listed."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIRED = [Requirement(one) for one in PROJECT["dependencies"]]
OPTIONAL = [Requirement(one) for extra in EXTRAS.values() for one in extra]
TESTED = REQUIRED + [Requirement(one) for one in EXTRAS["test"]]
PINS = [line for line in (ROOT / "envs" / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
ENVIRONMENT = yaml.safe_load((ROOT / "envs" / "hydronexus.yaml").read_text())
OF_PYTHON = "pip"  # comes with Python, and pip itself leaves it out of constraints


def name_of(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def pinned() -> dict[str, str]:
    """Version by package in the constraints."""
    found = {}
    for line in PINS:
        pin = Requirement(line)
        (exact,) = pin.specifier
        assert exact.operator == "==", line
        assert name_of(pin) not in found, f"{line} stands twice"
        found[name_of(pin)] = exact.version
    return found


@pytest.mark.parametrize("requirement", TESTED, ids=str)
def test_a_requirement_is_pinned_to_a_version_it_allows(requirement):
    if requirement.name == OF_PYTHON:
        return
    version = pinned().get(name_of(requirement))
    assert version is not None, "no line in envs/constraints.txt"
    assert requirement.specifier.contains(version, prereleases=True)


def test_the_conda_environment_is_this_project_under_the_same_pythons():
    *plain, pip = ENVIRONMENT["dependencies"]
    versions = {Requirement(one.replace(" ", "")).name: Requirement(one.replace(" ", "")).specifier for one in plain}
    assert set(versions) == {"python", "pip"}
    assert versions["python"] == SpecifierSet(PROJECT["requires-python"])
    assert pip == {"pip": ["-e .."]}
    assert (ROOT / "envs" / ".." / "pyproject.toml").is_file()


def test_every_rule_that_runs_code_names_the_conda_environment():
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = path.read_text()
        assert text.count("script:") == text.count('"../../envs/hydronexus.yaml"'), path.name


@pytest.mark.parametrize("requirement", REQUIRED + OPTIONAL, ids=str)
def test_the_licence_of_a_direct_dependency_is_listed(requirement):
    rows = [line.split("|")[1:3] for line in (ROOT / "docs" / "licences.md").read_text().splitlines() if "|" in line]
    licences = {canonicalize_name(name.strip()): licence.strip() for name, licence in rows}
    assert licences.get(name_of(requirement)), "run .ci/licences"
    assert licences[name_of(requirement)] != "UNKNOWN"
