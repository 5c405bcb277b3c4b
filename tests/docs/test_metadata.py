"""Citation, licence and the catalog's metadata agree with the package."""

import re
import tomllib

import yaml

from hydronexus import __version__
from tests.docs.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_has_what_its_format_requires_and_the_packages_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert all({"title", "type", "authors"} <= set(reference) for reference in citation["references"])
    assert citation["version"] == PROJECT["version"] == __version__
    assert citation["license"] == PROJECT["license"] == "MIT"


def test_the_newest_version_has_its_section_of_changes():
    assert re.search(rf"^## {re.escape(__version__)}$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_catalog_is_told_what_the_workflow_offers():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert usage["software-stack-deployment"] == {"conda": True}
    assert usage["report"] is True
    assert "conda:" in (ROOT / "workflow" / "rules" / "training.smk").read_text()


def test_the_readme_opens_with_the_two_commands_and_shows_a_figure_that_is_there():
    readme = (ROOT / "README.md").read_text()
    first = re.search(r"```bash\n(.*?)```", readme, re.DOTALL)[1].splitlines()
    assert ["snakemake" in first[0], "pytest" in first[1], len(first)] == [True, True, 2]
    figures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", readme)
    assert len(figures) == 1
    assert (ROOT / figures[0]).read_bytes().startswith(b"\x89PNG")
