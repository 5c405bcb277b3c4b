"""Which basins a study has, and when one's files have changed."""

import os
import subprocess
import sys

import pytest

from hydronexus.config import load_study
from hydronexus.errors import ConfigurationError
from hydronexus.forcing import catalogue


def study(periods, **datasets):
    return load_study({"study": "s", "periods": periods, "datasets": datasets})


def empty_csv(folder, *ids):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ids:
        (folder / f"{name}.csv").write_text("date,precipitation\n")
    return str(folder)


def test_a_list_of_ids_is_taken_as_it_is(periods, tmp_path):
    path = empty_csv(tmp_path / "d", "01", "02", "03")
    found = catalogue.basins(study(periods, a={"format": "csv", "path": path, "basins": ["03", "01"]}))
    assert found == {"a_03": ("a", "03"), "a_01": ("a", "01")}


def test_all_takes_every_basin_of_the_dataset(periods, tmp_path):
    path = empty_csv(tmp_path / "d", "01", "02")
    assert list(catalogue.basins(study(periods, a={"format": "csv", "path": path}))) == ["a_01", "a_02"]


@pytest.mark.parametrize(
    "text",
    [
        "01\n02\n",
        "basin\n01\n02\n",
        "gauge_id;name\n01;A, B\n02;C\n",
        "# mine\n01,A\n\n02,B\n",
        "\ufeffid\n01\n02\n",
    ],
)
def test_a_file_of_ids_keeps_them_as_text(periods, tmp_path, text):
    (tmp_path / "ids.csv").write_text(text)
    path = empty_csv(tmp_path / "d", "01", "02", "03")
    settings = {"format": "csv", "path": path, "basins": str(tmp_path / "ids.csv")}
    assert list(catalogue.basins(study(periods, a=settings))) == ["a_01", "a_02"]


def test_a_missing_file_of_ids_is_named_with_its_key(periods, tmp_path):
    settings = {"format": "csv", "path": empty_csv(tmp_path / "d", "01"), "basins": "no/such.csv"}
    with pytest.raises(ConfigurationError, match=r"datasets\.a\.basins: found 'no/such.csv'"):
        catalogue.basins(study(periods, a=settings))


@pytest.mark.parametrize(
    ("format", "missing"),
    [
        ("camels_us", "usgs_streamflow"),
        ("camels_de", "timeseries"),
        ("caravan_csv", "timeseries/csv"),
        ("caravan_netcdf", "timeseries/netcdf"),
    ],
)
def test_a_folder_of_another_layout_is_named_with_its_key(periods, tmp_path, format, missing):
    (tmp_path / "something").mkdir()
    with pytest.raises(ConfigurationError, match=rf"datasets\.a\.path: no folder .*{missing}; .* holds something"):
        catalogue.basins(study(periods, a={"format": format, "path": str(tmp_path), "basins": ["1"]}))


@pytest.mark.parametrize("format", ["camels_us", "netcdf", "csv", "parquet"])
@pytest.mark.parametrize("path", ["none", "none/{basin}.x"])
def test_a_missing_path_is_named_with_its_key(periods, tmp_path, format, path):
    with pytest.raises(ConfigurationError, match=r"datasets\.a\.path: no f"):
        catalogue.basins(study(periods, a={"format": format, "path": str(tmp_path / path), "basins": ["1"]}))


def test_two_basins_of_one_name_are_refused(periods, tmp_path):
    first, second = empty_csv(tmp_path / "x", "b_c"), empty_csv(tmp_path / "y", "c")
    datasets = {"a": {"format": "csv", "path": first}, "a_b": {"format": "csv", "path": second}}
    with pytest.raises(ConfigurationError, match="both be called a_b_c"):
        catalogue.basins(study(periods, **datasets))


def test_a_name_that_begins_like_two_datasets_is_located(periods, tmp_path):
    first, second = empty_csv(tmp_path / "x", "1"), empty_csv(tmp_path / "y", "2")
    datasets = {"a": {"format": "csv", "path": first}, "a_b": {"format": "csv", "path": second}}
    assert catalogue.locate(study(periods, **datasets), "a_b_2") == ("a_b", "2")


@pytest.mark.parametrize(("basins", "expected"), [("all", ["v_1"]), (["dry", "wet"], ["v_dry", "v_wet"])])
def test_virtual_basins_are_called_as_the_user_likes(periods, basins, expected):
    assert list(catalogue.basins(study(periods, v={"format": "virtual", "basins": basins}))) == expected


def test_the_fingerprint_follows_its_own_files_only(periods, tmp_path):
    path = tmp_path / "d"
    one = study(periods, a={"format": "csv", "path": empty_csv(path, "01", "02")})
    before = catalogue.fingerprint(one, "a_01"), catalogue.fingerprint(one, "a_02")
    os.utime(path / "01.csv", ns=(1, 1))
    assert catalogue.fingerprint(one, "a_01") != before[0]
    assert catalogue.fingerprint(one, "a_02") == before[1]


def test_an_absent_file_has_a_fingerprint_too(periods, tmp_path):
    settings = {
        "format": "csv",
        "path": empty_csv(tmp_path / "d", "01"),
        "attributes": str(tmp_path / "none.csv"),
    }
    one = study(periods, a=settings)
    before = catalogue.fingerprint(one, "a_01")
    (tmp_path / "none.csv").write_text("basin\n")
    assert catalogue.fingerprint(one, "a_01") != before


def test_listing_every_format_loads_nothing_heavy(periods, shared, tmp_path):
    """Snakemake parses the workflow in every job; importing pandas or torch there would cost seconds "
    "each time."""
    (tmp_path / "timeseries" / "csv").mkdir(parents=True)
    (tmp_path / "timeseries" / "netcdf").mkdir()
    csv, parquet = empty_csv(tmp_path / "d", "01"), tmp_path / "p"
    parquet.mkdir()
    (parquet / "01.parquet").touch()
    code = f"""
import sys
from hydronexus.config import load_study
from hydronexus.forcing import catalogue
study = load_study({{"study": "s", "periods": {periods!r}, "datasets": {{
    "us": {{"format": "camels_us", "path": {str(shared / "camels_us_native")!r}}},
    "de": {{"format": "camels_de", "path": {str(shared / "camels_de")!r}}},
    "nc": {{"format": "netcdf", "path": {str(shared / "camels_us_maurer_432.nc")!r}}},
    "cc": {{"format": "caravan_csv", "path": {str(tmp_path)!r}, "basins": ["x_1"]}},
    "cn": {{"format": "caravan_netcdf", "path": {str(tmp_path)!r}, "basins": ["x_1"]}},
    "csv": {{"format": "csv", "path": {csv!r}}},
    "parquet": {{"format": "parquet", "path": {str(parquet)!r}}},
    "example": {{"format": "example"}},
    "virtual": {{"format": "virtual"}},
}}}})
basins = catalogue.basins(study)
for basin in basins:
    catalogue.fingerprint(study, basin)
# A lazy module stands in sys.modules before it is loaded; its submodules come only with loading.
loaded = {{name.split(".")[0] for name in sys.modules if "." in name}}
heavy = loaded & {{"torch", "xarray", "pandas", "pyet", "pint", "scipy"}}
print(len(basins), sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["481", "[]"]
