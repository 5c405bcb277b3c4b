"""Files and settings from strangers: nothing in them is run, leads elsewhere, or reaches a page as code."""

import ast
import hashlib
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import torch
import xarray as xr

from hydronexus import archive, quarantine
from hydronexus.config import PrecipitationGrid, load_study, read_study
from hydronexus.errors import ConfigurationError, DamagedResultError, GridError, HydronexusError
from hydronexus.forcing import catalogue, fetch
from hydronexus.precipitation import stacks
from hydronexus.precipitation.grids import open_grid
from hydronexus.precipitation.source import open_source
from hydronexus.training import checkpoint
from tests.faults.datasets import LAYOUTS, csv, netcdf_of_many
from tests.faults.grids import PAPER, POLYGONS, grid_of
from tests.faults.jobs import NAMED
from tests.faults.studies import Stages
from tests.faults.test_fuzz_readers import outcome
from tests.report.conftest import chromium  # noqa: F401
from tests.report.pages import opened
from tests.workflow.conftest import environment, workflow  # noqa: F401

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
MARK = "run-by-a-stranger"


# ---- What the code never calls


FORBIDDEN_MODULES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "tarfile"}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_METHODS = {
    "read_pickle", "to_pickle", "unsafe_load", "full_load", "UnsafeLoader", "FullLoader", "Loader", "extract",
    "extractall", "unpack_archive",
}  # fmt: skip
FORBIDDEN_OF = {
    ("torch", "load"),
    ("torch", "save"),
    ("yaml", "load"),
    ("yaml", "load_all"),
    ("os", "system"),
    ("os", "popen"),
}
FORBIDDEN_KEYWORDS = {"allow_pickle", "weights_only", "shell"}


def forbidden(source: str) -> list[str]:
    """What in a module could run text or files from elsewhere."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [one.name for one in names if one.name.split(".")[0] in FORBIDDEN_MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                found.append(module)
            case ast.Name(id=name) if name in FORBIDDEN_NAMES:
                found.append(name)
            case ast.Attribute(attr=name) if name in FORBIDDEN_METHODS:
                found.append(name)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in FORBIDDEN_OF:
                found.append(f"{module}.{name}")
            case ast.keyword(arg=str(name)) if name in FORBIDDEN_KEYWORDS:
                found.append(name)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from joblib import load", "torch.load(p, weights_only=False)", "torch.load(p)", "eval(x)",
        "np.load(p, allow_pickle=True)", "yaml.load(x, Loader=yaml.Loader)", "zipfile.ZipFile(p).extractall(q)",
        "pd.read_pickle(p)", "subprocess.run(x, shell=True)", "os.system(x)",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(source):
    assert forbidden(source)


def test_no_module_unpickles_evaluates_or_unpacks():
    modules = [path for folder in ("src", "workflow", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 150
    assert {str(path): found for path in modules if (found := forbidden(path.read_text()))} == {}


def test_no_rule_hands_text_to_a_shell():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    assert len(rules) > 4
    for path in rules:
        assert not re.search(r"^\s*(shell|run):|pickle|\beval\(|\bexec\(|yaml\.load", path.read_text(), re.MULTILINE)


# ---- Pickles in place of weights, checkpoints, stores and data


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path):
    """What a pickle would leave behind."""
    yield tmp_path / MARK
    assert not (tmp_path / MARK).exists()


def pickled(mark: Path) -> bytes:
    return pickle.dumps(Planted(mark))


def saved_by_torch(mark: Path, folder: Path) -> bytes:
    torch.save({"weights": Planted(mark)}, folder / "torch.pt")
    return (folder / "torch.pt").read_bytes()


def test_the_planted_pickle_would_do_harm(tmp_path):
    pickle.loads(pickled(tmp_path / MARK))
    assert (tmp_path / MARK).is_dir()


@pytest.mark.parametrize("made_by", ["pickle", "torch"])
def test_a_pickle_planted_as_weights_is_refused_and_not_run(made_by, tmp_path, mark):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickled(mark) if made_by == "pickle" else saved_by_torch(mark, tmp_path))
    for read in (checkpoint.read, checkpoint.facts, quarantine.reason_of):
        with pytest.raises(DamagedResultError, match=r"weights\.safetensors is damaged"):
            read(path)


PICKLED = {"id": "pickle", "protocol": 5}
TEXT = {"id": "vlen-utf8"}
CODECS = {
    "filter": ("|O", [PICKLED], None),
    "filter_behind_text": ("|O", [TEXT, PICKLED], None),
    "compressor": ("|O", [TEXT], PICKLED),
    "numbers": ("<f8", [PICKLED], None),
}


def zarr_2(codec: str, mark: Path) -> dict[str, bytes]:
    """A store of Zarr 2 whose one chunk is a pickle, and whose array says so."""
    kind, filters, compressor = CODECS[codec]
    array = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": kind, "order": "C", "fill_value": None}
    return {
        ".zgroup": b'{"zarr_format": 2}',
        "mean/.zarray": json.dumps(array | {"filters": filters, "compressor": compressor}).encode(),
        "mean/.zattrs": b'{"_ARRAY_DIMENSIONS": ["time"]}',
        "mean/0": pickled(mark),
    }


def zarr_3(mark: Path) -> dict[str, bytes]:
    """A store of Zarr 3 with an array that asks for a pickle codec."""
    array = {
        "zarr_format": 3, "node_type": "array", "shape": [1], "data_type": "float64", "fill_value": 0,
        "dimension_names": ["time"], "attributes": {},
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "numcodecs.pickle"}],
    }  # fmt: skip
    group = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    return {
        "zarr.json": json.dumps(group).encode(),
        "mean/zarr.json": json.dumps(array).encode(),
        "mean/c/0": pickled(mark),
    }


def sealed(entries: dict[str, bytes], path: Path) -> None:
    """The entries as a store of this package with a valid seal."""
    with zipfile.ZipFile(path, "w") as file:
        for name in sorted(entries):
            file.writestr(zipfile.ZipInfo(name), entries[name])
        parts = "".join(f"{part.filename} {part.CRC}\n" for part in file.infolist())
        file.comment = hashlib.sha256(parts.encode()).hexdigest().encode()


@pytest.mark.parametrize("codec", [*CODECS, "zarr_3", "none"])
def test_a_pickle_planted_as_a_store_is_refused_and_not_run(codec, tmp_path, mark):
    path = tmp_path / "a.zarr.zip"
    match codec:
        case "none":
            path.write_bytes(pickled(mark))
        case "zarr_3":
            sealed(zarr_3(mark), path)
        case _:
            sealed(zarr_2(codec, mark), path)
    with pytest.raises(DamagedResultError, match=r"a\.zarr\.zip is damaged"):
        archive.read(path)


@pytest.mark.parametrize("codec", CODECS)
def test_a_pickle_planted_in_a_precipitation_grid_is_refused_and_not_run(codec, tmp_path, mark):
    for name, content in zarr_2(codec, mark).items():
        path = tmp_path / "rain.zarr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(GridError, match=r"rain\.zarr"):
        open_grid(tmp_path / "rain.zarr")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_pickle_planted_as_data_is_a_named_error_and_is_not_run(name, tmp_path, mark, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layout = LAYOUTS[name]()
    assert outcome(layout, {next(iter(layout.files)): pickled(mark)}, tmp_path / "case") in NAMED


# ---- Settings


ATTACKS = {
    "apply": "!!python/object/apply:os.mkdir [{mark}]",
    "new": "!!python/object/new:os.mkdir [{mark}]",
    "module": "!!python/module:antigravity",
    "name": "!!python/name:os.system",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_study_file_that_asks_for_a_python_object_is_refused_and_not_run(attack, tmp_path, mark):
    path = tmp_path / "study.yaml"
    path.write_text(f"study: small\ndatasets: {ATTACKS[attack].format(mark=mark)}\n")
    with pytest.raises(ConfigurationError, match=r"study\.yaml cannot be read as YAML"):
        read_study(path)


def test_the_command_line_runs_nothing_in_a_study_file(workflow, mark):  # noqa: F811
    raw = (workflow.folder / "study.yaml").read_text()
    (workflow.folder / "study.yaml").write_text(f"{raw}\ngpus: {ATTACKS['apply'].format(mark=mark)}\n")
    done = workflow.snakemake("-n", check=False)
    assert done.returncode != 0
    assert "not valid JSON or YAML" in done.stdout + done.stderr
    assert not workflow.results.exists()


HOSTILE_NAMES = [
    "", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "a/../../x", "a/b", "a\\..\\b", "~", "~root", "$HOME",
    "%2e%2e%2f", "a\0b", "a\n", "-rf /", ".hidden", "a b", "a;touch x", "$(touch x)", "`touch x`", "{basin}", "*",
    "con:", "x" * 300, "．．", "․․", "a／b", "a∕b", "a⁄b", "a⧵b", "‥", "ａ", "ﬁ", "a\u202eb", "a\u200bb", "a\u0301",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_could_lead_elsewhere_are_refused(name):
    raw = csv().study(Path("folder"))
    dataset = raw["datasets"]["d"]
    for changed in (
        raw | {"study": name},
        raw | {"datasets": {name: dataset}},
        raw | {"datasets": {"d": dataset | {"basins": [name]}}},
        raw | {"precipitation_grids": {name: {"path": "example"}}},
    ):
        with pytest.raises(ConfigurationError):
            load_study(changed)


@pytest.mark.parametrize("hostile", ["../../../x", "/tmp/x", "．．／x", "a b"])
def test_ids_that_files_bring_are_refused_where_they_could_lead_elsewhere(hostile, tmp_path):
    layout = netcdf_of_many()
    layout.write(tmp_path, {})
    data = xr.load_dataset(tmp_path / "all.nc").assign_coords(basin=["01", hostile])
    data.to_netcdf(tmp_path / "all.nc")
    raw = layout.study(tmp_path)
    raw["datasets"]["d"]["basins"] = "all"
    with pytest.raises(ConfigurationError, match="basin id"):
        catalogue.basins(load_study(raw))


@pytest.mark.parametrize("hostile", ["x/../../../../escaped", "../x", "．．／x", "/escaped"])
def test_a_polygon_whose_id_could_lead_elsewhere_is_a_failed_basin_alone(hostile, tmp_path):
    settings, files = grid_of("netcdf_and_geopackage")
    settings = dict(settings)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    frame = gpd.GeoDataFrame({"gauge": ["left", hostile]}, geometry=list(POLYGONS.values()), crs=3035)
    frame.to_file(tmp_path / "basins.gpkg")
    settings |= {key: str(tmp_path / settings[key]) for key in ("path", "polygons")}
    source = open_source("g", PrecipitationGrid(**settings), None, tmp_path / "out" / "cells")
    assert list(source.cells) == ["g_left"]
    assert "rename it" in str(source.failed[f"g_{hostile}"])


def test_results_replace_a_link_and_leave_what_it_led_to_alone(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("a.zarr.zip", "weights.safetensors"):
        (tmp_path / name).symlink_to(victim)
    archive.write(xr.Dataset({"x": ("time", [1.0])}), tmp_path / "a.zarr.zip")
    checkpoint.write(tmp_path / "weights.safetensors", {"x": torch.ones(1)}, {})
    assert victim.read_text() == "mine"
    assert not (tmp_path / "a.zarr.zip").is_symlink()
    assert not (tmp_path / "weights.safetensors").is_symlink()


# ---- Archives


def geotiff(path: Path) -> bytes:
    with rasterio.open(
        path, "w", driver="GTiff", height=6, width=6, count=1, dtype="float32", crs=3035, transform=PAPER
    ) as file:
        file.write(np.full((6, 6), 7, "float32"), 1)
    return path.read_bytes()


TIMES = ("202001010000", "202001010100", "202001010200")
OUTSIDE = {
    "above": lambda secret: ("../secret_{}.tif", b"nothing"),
    "absolute": lambda secret: (f"{secret.parent}/secret_{{}}.tif", b"nothing"),
    "link": lambda secret: ("rain_{}.tif", str(secret).encode()),
    "disguised": lambda secret: ("rain_{}.tif", virtual_raster(secret)),
}


def virtual_raster(secret: Path) -> bytes:
    """A raster of GDAL's own format that is but a reference to another file."""
    band = f"<SimpleSource><SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
    return (
        '<VRTDataset rasterXSize="6" rasterYSize="6"><SRS>EPSG:3035</SRS>'
        "<GeoTransform>0,1000,0,6000,0,-1000</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1">{band}</VRTRasterBand></VRTDataset>'
    ).encode()


@pytest.mark.parametrize("kind", OUTSIDE)
def test_an_archive_of_rasters_leads_to_no_file_outside_it(kind, tmp_path):
    for time in TIMES:
        geotiff(tmp_path / f"secret_{time}.tif")
    name, content = OUTSIDE[kind](tmp_path / f"secret_{TIMES[0]}.tif")
    path = tmp_path / "inside" / "rain.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        for time in TIMES:
            member = zipfile.ZipInfo(name.format(time))
            member.create_system, member.external_attr = 3, (0o120777 if kind == "link" else 0o100644) << 16
            file.writestr(member, content)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(GridError, match="cannot be read"):
        stacks.open_stack(path)[0].compute()
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_with_another_sum_is_not_taken(tmp_path, monkeypatch):
    name = "holmes_hydro-3.5.0-py3-none-any.whl"
    (tmp_path / "index").mkdir()
    facts = {
        "METADATA": "Metadata-Version: 2.1\nName: holmes-hydro\nVersion: 3.5.0\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(tmp_path / "index" / name, "w") as file:
        for part, content in facts.items():
            file.writestr(f"holmes_hydro-3.5.0.dist-info/{part}", content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    with pytest.raises(HydronexusError, match=r"(?i)hash"):
        fetch.fetch_package(fetch.EXAMPLE, tmp_path / "cache" / name)
    assert list((tmp_path / "cache").iterdir()) == []


# ---- Pages


SCRIPT = "<script>document.title='owned'</script>"
FOLDER = """a"'><img src=x onerror="document.title='owned'"><b onmouseover="document.title='owned'">"""
UNIT = f"</td></pre>{SCRIPT}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Report and explorer of a basin whose files and folder carry code, and of one that is quarantined for it."""
    folder = tmp_path_factory.mktemp("pages")
    before = Path.cwd()
    os.chdir(folder)
    layout = netcdf_of_many()
    layout.write(Path(FOLDER), {})
    data = xr.load_dataset(Path(FOLDER) / "all.nc")
    data["srad"] = xr.full_like(data["prcp"], 1e6)  # beyond nature, so that a note tells where it stands
    data["srad"][:, ::2] = 1.0
    data["srad"].attrs["units"] = "W m-2"
    data.attrs |= {"source": UNIT, "title": UNIT, "history": UNIT}
    data.to_netcdf(Path(FOLDER) / "all.nc")
    raw = layout.study(Path(FOLDER))
    good = raw["datasets"]["d"] | {"variables": layout.settings["variables"] | {"shortwave_radiation": "srad"}}
    raw["datasets"] = {"d": good, "e": good | {"units": {"precipitation": UNIT}}}
    raw |= {
        "model": {"hidden_size": 4, "law_size": 3},
        "training": raw["training"] | {"steps": 2, "encoder_steps": 2},
        "response": {"pulses": 10, "lag": 15, "intensity_bins": 2, "wetness_bins": 2, "bootstrap": 5},
        "baselines": ["lstm"],
    }
    stages = Stages(raw, folder / "results")
    for basin in stages.basins:
        stages.run_basin(basin, figures=False)
    stages.finish()
    assert stages.reason("d_01") is None
    assert stages.reason("e_01")["error"] == "UnitsError"
    os.chdir(before)
    return stages.folder


def unfold(page) -> None:
    """Text that is folded away is none of what a reader sees."""
    for summary in page.query_selector_all("summary"):
        summary.evaluate("one => { one.parentElement.open = true; }")


def opened_without_harm(browser, path: Path, shown: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(path.as_uri())
        page.wait_for_load_state()
        unfold(page)
        attributes = page.evaluate("[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())")
        assert not [name for name in attributes if name.startswith("on")]
        assert shown in page.inner_text("body")
        assert page.title() != "owned"
        assert not [one for one in wrong if "dialog" in one or "network" in one]


def test_text_of_files_settings_and_errors_is_no_code_in_the_report(chromium, pages):  # noqa: F811
    html = (pages / "report.html").read_text()
    assert "<script" not in html
    for shown in (UNIT, FOLDER):
        assert html.count("&lt;") > 3
        opened_without_harm(chromium, pages / "report.html", shown)


def test_text_of_files_settings_and_errors_is_no_code_in_the_explorer(chromium, pages):  # noqa: F811
    for basin, shown in (("e_01", UNIT), ("d_01", FOLDER)):
        with opened(chromium) as (page, wrong):
            page.goto(f"{(pages / 'explorer.html').as_uri()}#basin={basin}")
            page.wait_for_selector("main[aria-busy=false]")
            assert page.inner_text("#name") == basin
            unfold(page)
            assert shown in page.inner_text("main")
            assert page.title() != "owned"
            assert wrong == []
