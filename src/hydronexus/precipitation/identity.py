"""A cheap fingerprint of a grid's files; light, because Snakemake asks for it at every start."""

import glob
import hashlib
from pathlib import Path

from hydronexus.config import PrecipitationGrid

OF_A_STORE = ("zarr.json", ".zmetadata", ".zgroup")  # written when a Zarr folder is


def fingerprint(settings: PrecipitationGrid) -> str:
    """Digest of name, size and modification time of a grid's local files; a URL counts by its name."""
    paths = [settings.path] if isinstance(settings.path, str) else list(settings.path)
    paths += [str(path) for path in (settings.polygons, settings.flow_directions) if path is not None]
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(path):
            digest.update(f"{file}|".encode())
            if file.exists():
                digest.update(f"{file.stat().st_size}|{file.stat().st_mtime_ns}".encode())
        digest.update(path.encode())
    return digest.hexdigest()[:16]


def _files(path: str) -> list[Path]:
    """Local files behind a path: an archive, those of a pattern, or what changes with a folder."""
    if "://" in path:
        return []
    here = Path(path.partition("!")[0])
    if here.is_dir():
        return [here, *(here / name for name in OF_A_STORE)]
    return [Path(name) for name in sorted(glob.glob(str(here)))] or [here]
