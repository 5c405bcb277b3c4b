"""Download of pinned package archives that carry data; they are never installed or imported."""

import hashlib
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hydronexus.errors import HydronexusError

log = logging.getLogger(__name__)

EXAMPLE = "holmes-hydro==3.5.0 --hash=sha256:0112dfbc2edd950bce6f0c2991b6daed9b9c06ddc8c5b03cc0823ba1e415eb3d"
RADAR = "hydro-smash==1.3.0 --hash=sha256:bfcd1dadf60f8ebe0979a5adfb82e93464d576743710e5734370f267b05722fd"
RADAR_ARCHIVE = Path("cache/hydro_smash-1.3.0-cp311-cp311-manylinux_2_28_x86_64.whl")
RADAR_WHEEL = ("--python-version=3.11", "--platform=manylinux_2_28_x86_64", "--only-binary=:all:")


def fetch_package(requirement: str, target: str | Path, wheel: Sequence[str] = ()) -> Path:
    """Put the archive of a pinned package at a path; a whole copy that is there is used offline.

    Parameters
    ----------
    requirement : str
        One line of a pip requirements file: ``name==version --hash=sha256:...``.
    target : str or Path
        File to make. It appears whole or not at all.
    wheel : sequence of str
        Options of pip that say which wheel is meant, where a package has several: the data are the same in all, the
        sums are not.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    HydronexusError
        If the archive is not cached and cannot be downloaded; says what to do.

    Notes
    -----
    pip finds the archive as the user has set pip up (index, proxy, mirrors), and checks its sum.
    """
    target = Path(target)
    name, expected = _parse(requirement)
    if target.is_file():
        if _sha256(target) == expected:
            log.info("%s is cached and whole", target)
            return target
        log.warning("%s has the wrong checksum; fetching it anew", target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
        pinned = Path(folder) / "requirements.txt"
        pinned.write_text(requirement + "\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--quiet"]
        done = subprocess.run(
            [*command, *wheel, "--disable-pip-version-check", "--dest", folder, "--requirement", str(pinned)],
            capture_output=True,
            text=True,
        )
        found = [path for path in Path(folder).iterdir() if path != pinned]
        if done.returncode or len(found) != 1:
            said = (done.stderr or done.stdout).strip().splitlines()
            last = [line for line in said if line.startswith("ERROR")] or said[-3:]
            raise HydronexusError(
                f"{name} is not at {target} and could not be downloaded: "
                f"{' '.join(last) or 'pip gave nothing'}\n"
                f"Connect to the network, or set pip up to find packages (pip config, PIP_INDEX_URL, "
                f"PIP_PROXY), "
                f"or on another machine run `pip download --no-deps {name}` and copy the file to {target}."
            )
        os.replace(found[0], target)
    log.info("fetched %s to %s", name, target)
    return target


def _parse(requirement: str) -> tuple[str, str]:
    match = re.fullmatch(r"(\S+==\S+)\s+--hash=sha256:([0-9a-f]{64})", requirement.strip())
    if not match:
        raise ValueError(f"not a requirement pinned by version and sha256: {requirement!r}")
    return match[1], match[2]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
