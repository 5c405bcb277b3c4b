"""The report and what it links to, in a real browser."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

from hydronexus.config import load_study
from hydronexus.evaluation.aggregate import aggregate, notes_of
from hydronexus.figures.basin import draw_basin
from hydronexus.figures.study import draw_study
from hydronexus.report.explorer.page import write_explorer
from hydronexus.report.explorer.payload import basin_payload
from hydronexus.report.software import versions
from hydronexus.report.write import write_report
from tests.builders import PERIODS, build_basin, evaluate
from tests.report.pages import opened

HOSTILE = "</td><script>alert('x')</script>"
FAILED = {"quarantine": {"basin": "demo_x", "stage": "ingest_basin", "error": "UnitsError", "reason": HOSTILE}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Report, explorer and all figures of a study of one good basin and one in quarantine."""
    folder = tmp_path_factory.mktemp("study")
    basin, evaluation = build_basin(), evaluate()
    stores = {"forcing": basin.forcing, "simulation": basin.simulation, "response": basin.response}
    tables = aggregate([evaluation, FAILED])
    drawn = {
        f"demo_a/{name}": one for name, one in draw_basin(**stores, baselines=basin.baselines, periods=PERIODS).items()
    }
    for name, figure in (drawn | draw_study(tables, lambda _: basin.response)).items():
        path = folder / "figures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    split = PERIODS.model_dump(mode="json")
    settings = load_study({"study": "try_out", "datasets": {"demo": {"format": "example"}}, "periods": split})
    notes = notes_of([evaluation, FAILED])
    write_report(tables, settings, "figures", ["demo_a", "demo_x"], folder / "report.html", versions(), notes)
    payload = basin_payload(**stores, evaluation=evaluation, periods=PERIODS)
    write_explorer("try_out", [("demo_a", payload), ("demo_x", FAILED)], folder / "explorer.html")
    return folder


@pytest.fixture
def page(chromium, study):
    with opened(chromium) as (page, wrong):
        page.goto((study / "report.html").as_uri())
        yield page
        assert wrong == []


def test_every_link_leads_somewhere(page, study):
    links = page.eval_on_selector_all("a", "all => all.map((one) => one.href)")
    assert len(links) > 10
    for link in map(urlsplit, links):
        assert link.scheme == "file"
        path = study / unquote(link.path).split("/")[-1]
        assert path.exists(), link
        if path.name == "report.html":
            assert page.query_selector(f"[id='{link.fragment}']"), link


def load_images(page) -> list[int]:
    """Have all images in their place, which moves what is below them; returns their widths."""
    return page.evaluate(
        """() => Promise.all([...document.images].map(async (image) => {
          image.loading = "eager";
          await image.decode();
          return image.naturalWidth;
        }))"""
    )


def test_every_image_decodes(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    widths = load_images(page)
    assert widths == [1200] * (4 + 6)  # the study's, without a virtual basin to recover, and the basin's


def test_quarantine_is_shown_literally(page):
    assert HOSTILE in page.inner_text("#quarantine")
    page.click("summary:has-text('demo_x')")
    assert page.inner_text("details:has(summary:has-text('demo_x')) p") == HOSTILE


def test_long_tables_fold(page):
    load_images(page)
    details = page.locator("details:has(summary:has-text('Every basin and process'))")
    expect(details.locator("table")).to_be_visible()
    details.locator("summary").click()
    expect(details.locator("table")).to_be_hidden()  # once the browser has come to it


def test_a_basin_of_the_report_opens_in_the_explorer_and_back(page):
    page.click("summary:text-is('demo_a')")
    page.click("text=In the explorer")
    page.wait_for_selector("main[aria-busy=false]")
    assert re.search(r"explorer.html#basin=demo_a", page.url)
    assert page.inner_text("#name") == "demo_a"
    page.click("aside a")
    page.wait_for_selector("#claims")
    assert page.url.endswith("report.html")


def test_a_narrow_report_needs_no_sideways_scrolling(chromium, study):
    with opened(chromium, width=400) as (page, wrong):
        page.goto((study / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert wrong == []
