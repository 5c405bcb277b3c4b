"""Digests of code."""

import pytest

from hydronexus import provenance


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "report" / "templates").mkdir(parents=True)
    for name in ("report/write.py", "report/templates/page.j2", "report/templates/page.js", "archive.py"):
        (tmp_path / name).write_text("first")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["report/write.py", "report/templates/page.j2", "report/templates/page.js", "archive.py"]
)
def test_a_change_of_code_or_of_a_template_changes_the_digest(package, name):
    before = provenance.code_digest("report", "archive")
    assert provenance.code_digest("report", "archive") == before
    (package / name).write_text("second")
    assert provenance.code_digest("report", "archive") != before


def test_what_is_no_code_or_belongs_elsewhere_changes_nothing(package):
    before = provenance.code_digest("report")
    (package / "report" / "write.pyc").write_text("compiled")
    (package / "archive.py").write_text("second")
    assert provenance.code_digest("report") == before
