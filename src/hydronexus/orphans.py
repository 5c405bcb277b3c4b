"""Jobs end with the Snakemake that started them, however it ends; else its successor would run them beside them."""

import os
import select
import signal
import threading

STARTER = "HYDRONEXUS_SNAKEMAKE"


def name_starter() -> None:
    """Tell the jobs of this process, through their environment, whom they end with."""
    os.environ[STARTER] = str(os.getpid())


def end_with_starter() -> None:
    """Send this process SIGTERM as soon as the one that started it is gone; nothing where none was named.

    A training told so saves a checkpoint; whatever else runs ends at once.
    """
    starter = os.environ.get(STARTER)
    if starter is None or not hasattr(os, "pidfd_open"):  # Linux has it
        return
    try:
        process = os.pidfd_open(int(starter))
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        threading.Thread(target=_wait, args=(process,), daemon=True).start()


def _wait(process: int) -> None:
    select.select([process], [], [])  # readable once the process has ended, also before anyone has asked how
    os.kill(os.getpid(), signal.SIGTERM)
