"""Results appear whole or not at all, however their writer ends; damage done to them later is told."""

import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydronexus.errors import DamagedResultError, HydronexusError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name beside a file to write under; the file takes its place once all is written.

    Parameters
    ----------
    path : pathlib.Path
        Parent folders are created; what a killed writer of the same file left is removed.

    Yields
    ------
    pathlib.Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        left.unlink(missing_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def damage_told(path: str | Path) -> Iterator[None]:
    """Whatever a library stumbles over in a damaged result becomes an error that names the file.

    Raises
    ------
    DamagedResultError
    """
    try:
        yield
    except (MemoryError, OSError, HydronexusError):
        raise
    except Exception as error:  # zipfile, Zarr, its codecs and safetensors raise nearly anything
        raise DamagedResultError(
            f"{path} is damaged ({error or type(error).__name__}); delete it and run the same command again"
        ) from None


def read_json(path: str | Path) -> Any:
    """A result in JSON.

    Raises
    ------
    DamagedResultError
    """
    with damage_told(path):
        return json.loads(Path(path).read_bytes())
