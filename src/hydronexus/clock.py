"""Results dated by a clock that was ahead: until that date, Snakemake refuses whatever is made of them."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def date_no_later_than_now(*folders: str | Path) -> int:
    """Give files of the future the present as their date, which leaves none newer than what was made of it.

    Parameters
    ----------
    folders : str or Path
        Searched with all folders in them; one that does not exist is empty.

    Returns
    -------
    int
        How many files were dated anew.
    """
    now, found = time.time_ns(), 0
    for root, _, names in (step for folder in folders for step in os.walk(folder)):
        for path in (os.path.join(root, name) for name in names):
            with suppress(OSError):  # gone since, or not ours: Snakemake tells what it cannot do with it
                if os.lstat(path).st_mtime_ns > now:
                    os.utime(path, ns=(now, now), follow_symlinks=False)
                    found += 1
    if found:
        log.warning("%d results were dated in the future; they are of now", found)
    return found
