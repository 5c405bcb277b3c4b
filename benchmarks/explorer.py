"""Size and speed of the explorer of a large study: `python benchmarks/explorer.py --basins 671 --json OUT`.

Payloads are those of a finished study, repeated under new names at random places.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import processor
from playwright.sync_api import Page, sync_playwright

from hydronexus.report.explorer.page import pack, write_explorer

REPEATS = 20
TABS = ("laws", "pulses", "erra", "indices")
READY = "main[aria-busy=false]"
# Milliseconds from the choice to the next frame after everything is drawn.
CHOOSE = """async (change) => {
  const main = document.querySelector("main"), start = performance.now();
  main.setAttribute("aria-busy", "true");
  choose(change);
  while (main.getAttribute("aria-busy") === "true") await new Promise((done) => setTimeout(done, 1));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
ACT = """async ([id, value, event]) => {
  const box = document.getElementById(id), start = performance.now();
  box.value = value;
  box.dispatchEvent(new Event(event));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=Path("results/default"), help="folder of a finished study")
    parser.add_argument("--basins", type=int, default=671)
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the numbers")
    options = parser.parse_args()
    found = [json.loads(path.read_text()) for path in sorted((options.study / "explorer").glob("*.json"))]
    found = [payload for payload in found if not payload["quarantine"]]
    if not found:
        parser.error(f"no payload of a basin in {options.study / 'explorer'}; run the study first")
    machine = {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "explorer.html"
        payloads = repeated(found, options.basins)
        start = time.perf_counter()
        write_explorer("benchmark", payloads.items(), path)
        results = {
            "machine": machine,
            "basins": options.basins,
            "payloads": len(found),
            "write_s": time.perf_counter() - start,
            "page_mb": path.stat().st_size / 1e6,
            "packed_kb_per_basin": float(np.mean([len(pack(payload)) for payload in found])) / 1e3,
            **in_browser(path, list(payloads)),
        }
    options.json.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def repeated(found: list[dict[str, Any]], count: int) -> dict[str, dict[str, Any]]:
    """So many payloads, each with a place of its own."""
    places = np.random.default_rng(0).uniform([-124, 26], [-68, 49], (count, 2)).round(3).tolist()
    return {
        f"basin_{i:05d}": payload | {"place": place}
        for i, (payload, place) in enumerate(zip(itertools.cycle(found), places, strict=False))
    }


def in_browser(path: Path, basins: list[str]) -> dict[str, Any]:
    """Times [ms] in headless Chromium: until the first basin is drawn, to choose, search and sort."""
    rng = np.random.default_rng(1)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        loads = [_load(chromium.new_page(), path) for _ in range(5)]
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        _load(page, path)
        choose = {
            tab: [page.evaluate(CHOOSE, {"basin": str(basin), "tab": tab}) for basin in rng.choice(basins, REPEATS)]
            for tab in TABS
        }
        search = [page.evaluate(ACT, ["search", text, "input"]) for text in ("0", "00", "001", "0012", "")]
        sort = [page.evaluate(ACT, ["order", str(i % 5), "change"]) for i in range(10)]
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        version = chromium.version
        chromium.close()
    return {
        "chromium": version,
        "load_ms": _summary(loads),
        "choose_ms": {tab: _summary(times) for tab, times in choose.items()},
        "search_ms": _summary(search),
        "sort_ms": _summary(sort),
        "heap_mb": heap,
    }


def _load(page: Page, path: Path) -> float:
    start = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    return 1e3 * (time.perf_counter() - start)


def _summary(times: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(times)), 1), "largest": round(max(times), 1)}


if __name__ == "__main__":
    main()
