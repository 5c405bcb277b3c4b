"""Grids on real servers: an S3 protocol server and an HTTP server on loopback, some of them failing."""

import http.server
import pickle
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import numpy as np
import pandas as pd
import pytest
import werkzeug.serving
import xarray as xr
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from hydronexus.errors import GridError
from hydronexus.precipitation import remote
from hydronexus.precipitation.grids import open_grid

CHUNK = {2: "pr/1.0.0", 3: "pr/c/1/0/0"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter waits between attempts, and no credentials of whoever runs the tests."""
    monkeypatch.setattr(remote, "FIRST_WAIT", 0.02)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def rain() -> xr.Dataset:
    values = np.arange(4 * 3 * 2, dtype="f4").reshape(4, 3, 2)
    coordinates = {
        "time": pd.date_range("2001-01-01", periods=4, freq="h"),
        "lat": [50.0, 49.5, 49.0],
        "lon": [6.0, 6.5],
    }
    dataset = xr.Dataset({"pr": (("time", "lat", "lon"), values, {"units": "mm"})}, coordinates)
    dataset.lat.attrs["units"], dataset.lon.attrs["units"] = "degrees_north", "degrees_east"
    return dataset


def write(folder: Path, version: int) -> Path:
    """A Zarr store of two chunks in time; what is absent in it is missing."""
    path = folder / f"rain{version}.zarr"
    fill = {2: "_FillValue", 3: "fill_value"}[version]
    rain().to_zarr(path, zarr_format=version, consolidated=True, encoding={"pr": {"chunks": (2, 3, 2), fill: np.nan}})
    return path


class Unsteady(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; the first requests for some of them fail as the server was told."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        key = self.path.split("/", 2)[-1]
        server.asked[key] += 1
        for part, (failure, times) in server.failures.items():
            if part in key and server.asked[key] <= times:
                if failure == "silence":
                    time.sleep(server.silence)
                    return self.close()
                if failure == "break":
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b"half")
                    return self.close()
                return self.send_error(failure)
        return super().do_GET()

    def close(self) -> None:
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    handler = partial(Unsteady, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked, server.failures, server.silence = Counter(), {}, 1.0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_over_http(server: Any, tmp_path: Path, version: int):
    (write(tmp_path, version) / CHUNK[version]).unlink()
    grid = open_grid(f"{server.url}/rain{version}.zarr")
    assert not any(
        key.startswith("pr/") and key.endswith("0") for key in server.asked
    )  # no chunk is read before its time
    values = grid.precipitation.values
    np.testing.assert_array_equal(values[:2], rain().pr.values[:2])
    assert np.isnan(values[2:]).all()


@pytest.mark.parametrize("failure", [500, 503, 429, "break", "silence"])
def test_a_server_that_recovers_is_read(server: Any, tmp_path: Path, failure: int | str):
    write(tmp_path, 2)
    server.failures = {CHUNK[2]: (failure, 2)} | ({".zmetadata": (failure, 1)} if failure != "silence" else {})
    options = {"client_kwargs": {"timeout": aiohttp.ClientTimeout(sock_read=0.3)}}
    grid = open_grid(f"{server.url}/rain2.zarr", storage_options=options)
    np.testing.assert_array_equal(grid.precipitation.values, rain().pr.values)
    assert server.asked[f"{CHUNK[2]}"] == 3


@pytest.mark.parametrize(("failure", "said"), [(500, "500"), ("silence", "[Tt]imeout")])
def test_a_server_that_never_recovers_is_an_error_that_names_url_and_cure(
    server: Any, tmp_path: Path, failure: int | str, said: str
):
    write(tmp_path, 2)
    server.failures, server.silence = {CHUNK[2]: (failure, 99)}, 0.5
    options = {"client_kwargs": {"timeout": aiohttp.ClientTimeout(sock_read=0.1)}}
    grid = open_grid(f"{server.url}/rain2.zarr", storage_options=options)
    url = f"{server.url}/rain2.zarr/{CHUNK[2]}"
    with pytest.raises(GridError, match=rf"{url}: could not be read after 5 attempts: .*{said}.*network.*run again"):
        grid.precipitation.load()
    assert server.asked[CHUNK[2]] == remote.ATTEMPTS


def test_what_trying_again_cannot_help_is_tried_once(server: Any, tmp_path: Path):
    write(tmp_path, 2)
    server.failures = {CHUNK[2]: (418, 99)}
    with pytest.raises(GridError, match=r"could not be read: 418"):
        open_grid(f"{server.url}/rain2.zarr").precipitation.load()
    assert server.asked[CHUNK[2]] == 1


def test_nothing_at_a_url_is_an_error(server: Any, tmp_path: Path):
    with pytest.raises(GridError, match=rf"{server.url}/no\.zarr: no grid there"):
        open_grid(f"{server.url}/no.zarr")


def test_no_server_at_a_url_is_an_error():
    with pytest.raises(GridError, match=r"127\.0\.0\.1:9/no\.zarr/.* after 5 attempts: Cannot connect"):
        open_grid("http://127.0.0.1:9/no.zarr")


def test_a_remote_grid_goes_to_workers(server: Any, tmp_path: Path):
    write(tmp_path, 3)
    grid = pickle.loads(pickle.dumps(open_grid(f"{server.url}/rain3.zarr")))
    np.testing.assert_array_equal(grid.precipitation.values, rain().pr.values)


class UnsteadyS3:
    """An S3 protocol server; the first requests for some objects fail as it was told."""

    def __init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.asked: Counter[str] = Counter()
        self.failures: dict[str, tuple[int | str, int]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        key, read = environ["PATH_INFO"].lstrip("/"), environ["REQUEST_METHOD"] == "GET"
        self.asked[key] += read
        failure, times = self.failures.get(key, (None, 0))
        if not read or self.asked[key] > times:
            return self.moto(environ, start_response)
        if failure == "silence":
            time.sleep(0.5)
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return []


@pytest.fixture(scope="module")
def s3() -> Iterator[UnsteadyS3]:
    app = UnsteadyS3()
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    app.url = f"http://127.0.0.1:{server.server_port}"
    yield app
    server.shutdown()
    thread.join()


@pytest.fixture
def bucket(s3: UnsteadyS3, tmp_path: Path) -> Iterator[Any]:
    """A bucket that anyone may read, with stores of both versions."""
    client = boto3.client(
        "s3", endpoint_url=s3.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="open", ACL="public-read")
    for version in (2, 3):
        for path in filter(Path.is_file, write(tmp_path, version).rglob("*")):
            client.upload_file(str(path), "open", str(path.relative_to(tmp_path)))
    yield client
    s3.asked.clear()
    s3.failures.clear()


def anonymous(s3: UnsteadyS3, **config: float) -> dict[str, Any]:
    return {
        "anon": True,
        "client_kwargs": {"endpoint_url": s3.url, "region_name": "us-east-1"},
        "config_kwargs": config,
    }


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_on_s3_read_anonymously(s3: UnsteadyS3, bucket: Any, version: int):
    bucket.delete_object(Bucket="open", Key=f"rain{version}.zarr/{CHUNK[version]}")
    grid = open_grid(f"s3://open/rain{version}.zarr", storage_options=anonymous(s3))
    values = grid.precipitation.values
    np.testing.assert_array_equal(values[:2], rain().pr.values[:2])
    assert np.isnan(values[2:]).all()


def test_without_credentials_the_error_says_how_to_read_a_public_bucket(s3: UnsteadyS3, bucket: Any):
    with pytest.raises(GridError, match=r"s3://open/rain2\.zarr/.*storage_options: \{anon: true\}"):
        open_grid("s3://open/rain2.zarr", storage_options={"client_kwargs": {"endpoint_url": s3.url}})


def test_a_bucket_that_is_not_there_is_an_error(s3: UnsteadyS3):
    with pytest.raises(GridError, match=r"s3://none/rain\.zarr: no grid there"):
        open_grid("s3://none/rain.zarr", storage_options=anonymous(s3))


@pytest.mark.parametrize("failure", [500, "silence"])
def test_s3_that_recovers_is_read(s3: UnsteadyS3, bucket: Any, failure: int | str):
    key = f"open/rain2.zarr/{CHUNK[2]}"
    s3.failures = {key: (failure, 2), "open/rain2.zarr/.zmetadata": (500, 1)}
    grid = open_grid("s3://open/rain2.zarr", storage_options=anonymous(s3, read_timeout=0.2))
    np.testing.assert_array_equal(grid.precipitation.values, rain().pr.values)
    assert s3.asked[key] == 3


def test_s3_that_never_recovers_is_an_error_that_names_url_and_cure(s3: UnsteadyS3, bucket: Any):
    key = f"open/rain2.zarr/{CHUNK[2]}"
    s3.failures = {key: (500, 99)}
    grid = open_grid("s3://open/rain2.zarr", storage_options=anonymous(s3))
    with pytest.raises(GridError, match=rf"s3://{key}: could not be read after 5 attempts: .*network.*run again"):
        grid.precipitation.load()
    assert s3.asked[key] == remote.ATTEMPTS
