"""The documentation builds without a warning, and needs no network to be read."""

import re
import subprocess
import sys

import pytest

from tests.docs.pages import PAGES, ROOT

pytest.importorskip("mkdocs", reason="pip install -e '.[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_on_the_site(site):
    outside = {"README.md": "index", "config/README.md": "configuration", "results/README.md": "results"}
    for page in PAGES:
        path = page.relative_to(ROOT).as_posix()
        assert (site / f"{outside.get(path, path.removeprefix('docs/').removesuffix('.md'))}.html").is_file()


def test_pages_load_nothing_from_the_network(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=[\"']?([^\"' >]+)", text)
        loaded += re.findall(r"<link[^>]+rel=[\"']?(?:stylesheet|preconnect|icon)[^>]+", text)
        assert loaded
        assert not [one for one in loaded if re.search(r"(?:https?:)?//", one)]


def test_functions_are_shown_with_their_parameters(site):
    api = (site / "api.html").read_text()
    for function in ("erra", "ingest.ingest", "describe_grid", "extract.extract", "skill.nse", "routing.nash"):
        assert re.search(rf'id="hydronexus[\w.]*\.{function}"', api)
    assert ":func:" not in api
