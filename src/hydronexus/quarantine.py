"""Marks in place of results for a basin that failed, so that the others, and the report, go on."""

import json
import shutil
from pathlib import Path
from typing import Any

import xarray as xr

from hydronexus import archive
from hydronexus.training import checkpoint

ENDINGS = ("", ".zarr.zip", ".safetensors", ".json")  # of a basin's results; an id may have dots of its own


def mark(outputs: list[Path], reason: dict[str, Any]) -> None:
    """Write every output of a failed stage as a mark that holds the reason."""
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        match path.suffix:
            case ".zip":
                archive.write(xr.Dataset(attrs={"quarantine": json.dumps(reason)}), path)
            case ".safetensors":
                checkpoint.write(path, {}, {"quarantine": reason})
            case ".json":
                path.write_text(json.dumps({"quarantine": reason}))
            case ".png":
                from hydronexus.figures.notice import notice  # a second of imports that few jobs need

                notice(f"{reason['basin']} is quarantined at {reason['stage']}:\n{reason['reason']}").savefig(path)
            case _:
                path.write_text("")


def reason_of(path: Path) -> dict[str, Any] | None:
    """Why a result is only a mark, or None for a real one."""
    match path.suffix:
        case ".zip" if path.name.endswith(".zarr.zip"):
            found = archive.attributes(path).get("quarantine")
            return json.loads(found) if found else None
        case ".safetensors":
            return checkpoint.facts(path).get("quarantine")
        case ".json":
            return json.loads(path.read_text()).get("quarantine")
    return None


def forget(results: Path, basin: str) -> None:
    """Remove all results of a basin, so that the next run tries it again."""
    for path in (path for ending in ENDINGS for path in results.glob(f"*/{basin}{ending}")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
