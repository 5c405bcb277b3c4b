"""Zarr stores on servers: transient failures are retried, and what remains becomes an error that names the cure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import botocore.exceptions
import fsspec
import tenacity
import zarr
from zarr.core.buffer import Buffer, BufferPrototype

from hydronexus.errors import GridError

ATTEMPTS = 5
LONGEST_WAIT = 30.0  # s
FIRST_WAIT = 0.5  # s
SILENCE = 60.0  # s without a byte, after which a read has timed out
TRANSIENT = (
    TimeoutError,
    ConnectionError,
    aiohttp.ClientConnectionError,
    aiohttp.ClientPayloadError,
    botocore.exceptions.HTTPClientError,
)

T = TypeVar("T")


class PatientStore(zarr.storage.WrapperStore):
    """A Zarr store on a server, read with patience.

    Notes
    -----
    Sits between Zarr and fsspec, so that one rule holds for every protocol, and for chunks read by Dask's workers long
    after the store was opened. An absent chunk is no failure: it stays missing.

    Raises
    ------
    GridError
        If the server still fails after all attempts, or refuses access.
    """

    async def get(self, key: str, prototype: BufferPrototype, byte_range: Any = None) -> Buffer | None:
        """Read one object, or None where it is absent."""
        return await self._patiently(key, self._store.get, key, prototype, byte_range)

    async def exists(self, key: str) -> bool:
        """Whether an object is there."""
        return await self._patiently(key, self._store.exists, key)

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names in a folder, from servers that list."""

        async def names() -> list[str]:
            return [name async for name in self._store.list_dir(prefix)]

        for name in await self._patiently(prefix, names):
            yield name

    async def _patiently(self, key: str, read: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        url = self._store.fs.unstrip_protocol(f"{self._store.path}/{key}")
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_transient),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)
            + tenacity.wait_random(0, FIRST_WAIT),
            reraise=True,
        )
        try:
            return await retrying(read, *arguments)
        except PermissionError as error:
            raise GridError(f"{url}: access denied ({error}); {_CREDENTIALS}") from None
        except botocore.exceptions.NoCredentialsError:
            raise GridError(f"{url}: no credentials; {_CREDENTIALS}") from None
        except (OSError, aiohttp.ClientError, botocore.exceptions.BotoCoreError) as error:
            tried = f" after {ATTEMPTS} attempts" if _is_transient(error) else ""
            said = str(error) or type(error).__name__
            raise GridError(
                f"{url}: could not be read{tried}: {said}. Check the address and the network, and run again: "
                f"what is done is kept. A slow server may need longer time-outs, given in `storage_options`"
            ) from None


_CREDENTIALS = (
    "for a public bucket set `storage_options: {anon: true}`, otherwise set up credentials as for the AWS command line"
)


def store(url: str, storage_options: dict[str, Any] | None = None) -> PatientStore:
    """Read-only Zarr store at a URL.

    Parameters
    ----------
    url : str
        ``s3://``, ``http://``, ``https://``, or any other protocol fsspec knows.
    storage_options : dict, optional
        What fsspec's file system of that protocol takes; wins over the settings made here.
    """
    options = _settings(fsspec.utils.get_protocol(url))
    for name, given in (storage_options or {}).items():
        options[name] = options.get(name, {}) | given if isinstance(given, dict) else given
    return PatientStore(zarr.storage.FsspecStore.from_url(url, storage_options=options, read_only=True))


def _settings(protocol: str) -> dict[str, Any]:
    """Settings under which a file system reports a failure at once, for `PatientStore` to try again."""
    if protocol == "s3":
        return {"config_kwargs": {"retries": {"total_max_attempts": 1}}}
    if protocol in ("http", "https"):
        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(sock_connect=SILENCE, sock_read=SILENCE)}}
    return {}


def _is_transient(error: BaseException) -> bool:
    """Whether trying again may help: a time-out, a broken connection, a busy or failing server."""
    status = getattr(error, "status", None) or _s3_status(error)
    return isinstance(error, TRANSIENT) or (status is not None and (status >= 500 or status == 429))


def _s3_status(error: BaseException) -> int | None:
    """HTTP status under an error of s3fs."""
    response = getattr(error.__cause__, "response", None) or {}
    return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
