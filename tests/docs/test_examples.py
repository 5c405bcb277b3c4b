"""Examples in the documentation run, and what they name exists."""

import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from hydronexus.config import Study, Virtual, load_study
from tests.docs.pages import PAGES, ROOT, blocks, name

TRAINING = {"docs/getting_started.md"}  # pages that train
RUN = [
    pytest.param(page, id=name(page), marks=[pytest.mark.slow] if name(page) in TRAINING else [])
    for page in PAGES
    if any(not block.title for block in blocks(page, "python"))
]
COMMAND = re.compile(r"python (benchmarks/\w+\.py|-m hydronexus[\w.]*)([^\n`]*)")
COMMANDS = sorted({found for page in PAGES for found in COMMAND.findall(page.read_text())})
ENOUGH = {
    "study": "minimal",
    "datasets": {"virtual": {"format": "virtual"}},
    "periods": {
        "train": ["2003-01-01", "2007-12-31"],
        "validation": ["2001-01-01", "2001-12-31"],
        "test": ["2002-01-01", "2002-12-31"],
    },
}
FRAGMENTS = [
    pytest.param(text, id=f"{name(page)}: {text[:50]}")
    for page in PAGES
    for text in [
        *(block.text for block in blocks(page, "yaml")),
        *re.findall(r"(?<!`)`(\w+: [^`]+)`", page.read_text()),
        *(f"{key}: {value}" for key, value in re.findall(r"--config '(\w+)=(\{[^']*\})'", page.read_text())),
    ]
    if text.split(":")[0].lstrip("# ").split("\n")[0] in Study.model_fields
]


@pytest.mark.parametrize("page", RUN)
def test_python_on_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    sybil = pytest.importorskip("sybil", reason="pip install -e '.[docs]'")
    from sybil.parsers.markdown import PythonCodeBlockParser

    monkeypatch.chdir(tmp_path)
    examples = list(sybil.Sybil([PythonCodeBlockParser()]).parse(page).examples())
    assert examples
    for example in examples:
        example.evaluate()


def test_the_reader_on_the_page_of_extensions_reads_the_format_it_is_for(tmp_path):
    package = tmp_path / "src" / "hydronexus"
    shutil.copytree(ROOT / "src" / "hydronexus", package, ignore=shutil.ignore_patterns("__pycache__"))
    page = ROOT / "docs" / "extending.md"
    for block in [block for block in blocks(page, "python") if block.title]:
        (tmp_path / block.title).write_text(block.text)
    for block in blocks(page, "diff"):
        _apply(block.text, tmp_path / block.title)
    _write_camels_gb(tmp_path / "data")
    study = ENOUGH | {"datasets": {"gb": {"format": "camels_gb", "path": "data"}}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))

    said = subprocess.run(
        [sys.executable, "-c", READ], cwd=tmp_path, env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )

    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == ["gb_12001", "gb_90003", "1370.0", "57.05", "True"]


READ = """
import numpy as np
from hydronexus.config import read_study
from hydronexus.forcing import catalogue
from hydronexus.forcing.ingest import ingest

study = read_study("study.yaml")
data = ingest(study, "gb_12001")
kept = np.isclose(float(data["precipitation"].sel(time="2004-02-03")), 7.25)
print(*catalogue.basins(study), data.attrs["area_km2"], data.attrs["latitude"], kept)
"""


def _apply(diff, path):
    """Apply a diff without line numbers; what it replaces must be there, once."""
    lines = diff.splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in (" ", mark)) for mark in "-+")
    text = path.read_text()
    assert text.count(before) == 1, f"{path.name} holds {text.count(before)} times:\n{before}"
    path.write_text(text.replace(before, after))


def _write_camels_gb(folder):
    """Two basins in the layout of CAMELS-GB."""
    from hydronexus.virtual.catchment import simulate

    virtual = simulate(Virtual(years=8, cells=5))
    table = pd.DataFrame(
        {
            "date": virtual.indexes["time"].strftime("%Y-%m-%d"),
            "precipitation": virtual["precipitation"].values,
            "pet": virtual["potential_evapotranspiration"].values,
            "temperature": 8 + np.sin(np.arange(virtual.sizes["time"])),
            "discharge_spec": virtual["streamflow"].values,
            "discharge_vol": 1.0,
        }
    )
    table.loc[table["date"] == "2004-02-03", "precipitation"] = 7.25
    (folder / "timeseries").mkdir(parents=True)
    for basin in ("12001", "90003"):
        path = folder / "timeseries" / f"CAMELS_GB_hydromet_timeseries_{basin}_19701001-20150930.csv"
        table.to_csv(path, index=False)
    (folder / "CAMELS_GB_topographic_attributes.csv").write_text(
        "gauge_id,gauge_name,gauge_lat,gauge_lon,area\n12001,Dee,57.05,-2.6,1370.0\n90003,Nevis,56.82,-5.07,69.2\n"
    )


@pytest.mark.parametrize("target", sorted({target for target, _ in COMMANDS}))
def test_programs_that_pages_name_have_the_options_they_name(target, tmp_path):
    path = ROOT / (target if target.endswith(".py") else f"src/{target[3:].replace('.', '/')}.py")
    assert path.is_file()
    source = path.read_text()
    assert '__name__ == "__main__"' in source
    given = {word.split("=")[0] for to, rest in COMMANDS if to == target for word in _words(rest) if word[:2] == "--"}
    if "argparse" not in source:
        assert not given
        return
    said = subprocess.run(
        [sys.executable, *([path] if target.endswith(".py") else target.split()), "--help"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    absent = re.search(r"No module named '(\w+)'", said.stderr)
    if absent and any(f"pip install {absent[1]}" in page.read_text() for page in PAGES):
        pytest.skip(f"needs {absent[1]}, as its page says")
    assert said.returncode == 0, said.stderr
    assert given <= set(re.findall(r"--[\w-]+", said.stdout))


def _words(rest):
    """Arguments of a command, without its comment and what it is piped to."""
    return shlex.split(re.split(r"\s#|[|;&]|\\$", rest)[0], posix=False)


@pytest.mark.parametrize("text", FRAGMENTS)
def test_configuration_on_a_page_is_valid(text):
    load_study(ENOUGH | yaml.safe_load(text.replace("..., ", "")))


def test_pages_show_configuration():
    assert len(FRAGMENTS) >= 10


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_keys_that_a_page_names_exist(page):
    for section, key in re.findall(r"`(model|training|response|quality|workers)\.(\w+)[:`]", page.read_text()):
        if not (ROOT / "src" / "hydronexus" / section / f"{key}.py").is_file():
            assert key in Study.model_fields[section].annotation.model_fields, f"{section}.{key}"
