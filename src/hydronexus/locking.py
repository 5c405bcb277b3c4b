"""Tell a lock that a killed Snakemake left behind from one that is in use."""

import fcntl
import shutil
from pathlib import Path
from typing import TextIO

_held: TextIO | None = None


def release_stale_lock(workdir: str | Path = ".") -> bool:
    """Remove Snakemake's lock of a working directory if the process that made it is gone.

    The operating system frees this function's own lock when its process ends, however it ends; so whoever gets it knows
    that no other Snakemake runs here, and that a lock of Snakemake's is a leftover. It is held until this process ends.

    Returns
    -------
    bool
        Whether this process now holds the directory; False leaves Snakemake's lock, and its message, alone.
    """
    global _held
    folder = Path(workdir) / ".snakemake"
    folder.mkdir(exist_ok=True)
    file = (folder / "hydronexus.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held = file
    shutil.rmtree(folder / "locks", ignore_errors=True)
    return True
