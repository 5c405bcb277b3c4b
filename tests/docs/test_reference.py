"""Pages that list what the software says or writes list all of it, and nothing else."""

import ast
import inspect
import re

import pytest

from hydronexus import errors
from hydronexus.evaluation.aggregate import aggregate
from tests.docs.pages import ROOT, rows

TROUBLES = ROOT / "docs" / "troubleshooting.md"
RESULTS = ROOT / "results" / "README.md"
ERRORS = {name for name, kind in inspect.getmembers(errors, inspect.isclass)}
CODE = re.compile(r"(`+) ?(.+?) ?\1(?!`)")


def _said():
    """Every text of the package that could be part of a message; what is filled in is an ellipsis."""
    said = set()
    for path in ROOT.glob("src/hydronexus/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                said.add("".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(re.sub(r"%\w", "…", node.value))
    return [*said, (ROOT / "workflow" / "rules" / "common.smk").read_text()]


def _own_messages():
    """Messages that the page says are the package's, by its sections."""
    text = TROUBLES.read_text().split("## Snakemake and the machine")[0].split("## The study does not start")[1]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] not in ("message", "error"):
            column = 1 if re.fullmatch(r"\w+Error|any other", cells[0].strip("| ")) else 0
            yield from (message for _, message in CODE.findall(cells[column]))


MESSAGES = list(_own_messages())


@pytest.fixture(scope="module")
def said():
    return _said()


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_on_the_page_of_errors_are_the_softwares_own(message, said):
    pattern = re.compile(".*".join(map(re.escape, re.split(r"[\s']*…[\s']*", message))))
    assert any(pattern.search(text) for text in said if len(text) > len("…: …"))


def test_the_page_of_errors_has_messages():
    assert len(MESSAGES) > 50


def test_every_error_of_the_package_is_on_the_page_of_errors_and_no_other():
    named = set(re.findall(r"\b\w+Error\b", TROUBLES.read_text()))
    assert named - {"InterruptedError", "WorkflowError"} == ERRORS


def test_every_table_and_column_of_a_study_is_explained():
    sections = re.split(r"^### ", RESULTS.read_text(), flags=re.MULTILINE)[1:]
    explained = {
        section.split("\n")[0]: set(re.findall(r"^\| (.*?) \|", section, re.MULTILINE)) for section in sections
    }
    explained = {table: set(re.findall(r"`(\w+)`", " ".join(cells))) for table, cells in explained.items()}
    written = {name: set(table.columns) for name, table in aggregate([]).items()}
    written["storms"] |= {"cv", "wet_fraction", "delta1", "storm_velocity"}  # where they are known
    assert explained == written


def test_every_table_row_of_the_results_has_its_unit_column():
    assert all(len(row) in (2, 3) for row in rows(RESULTS))
