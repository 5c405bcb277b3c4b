"""What every script of the workflow does around its one call: logging, threads, quarantine."""

import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from hydronexus import quarantine
from hydronexus.config import Study, load_study
from hydronexus.errors import BasinError, DamagedResultError
from hydronexus.orphans import end_with_starter

log = logging.getLogger("hydronexus")


def study_of(job: Any) -> Study:
    """The validated configuration of a Snakemake job."""
    return load_study(job.config)


def start(job: Any) -> None:
    """Send log messages to the rule's log file and to the screen, keep to the rule's threads, end with Snakemake."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if job.log:
        handlers.append(logging.FileHandler(job.log[0], mode="w"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers, force=True
    )
    torch.set_num_threads(max(1, job.threads))
    end_with_starter()


@contextmanager
def told_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM has come, as it does when a job of Slurm has used up its time; it no longer ends the process."""
    told = threading.Event()

    def note(number: int, frame: Any) -> None:
        log.warning("told to stop: saving what is done")
        told.set()

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield told.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


def run_basin(job: Any, work: Callable[[Any], None]) -> None:
    """Run one stage of one basin; a failure quarantines the basin and leaves the other basins alone.

    Parameters
    ----------
    job : snakemake object
        With wildcard `basin`, inputs, outputs and a log.
    work : callable
        Reads the job's inputs and writes its outputs.

    Notes
    -----
    What the machine refuses (memory, disk, permissions, time) and damaged results fail the job instead, for they say
    nothing about the basin. Snakemake's retries, or what the message says, are the cure.
    """
    start(job)
    basin, outputs = job.wildcards.basin, [Path(path) for path in job.output]
    for path in map(Path, job.input):
        reason = quarantine.reason_of(path)
        if reason is not None:
            log.warning("%s: skipped; quarantined at %s: %s", basin, reason["stage"], reason["reason"])
            quarantine.mark(outputs, reason)
            return
    try:
        work(job)
    except BasinError as error:
        reason = {"basin": basin, "stage": job.rule, "error": type(error).__name__, "reason": error.problem}
    except (MemoryError, OSError, DamagedResultError):
        raise
    except Exception as error:
        traceback.print_exc()
        log.error(traceback.format_exc())
        reason = {
            "basin": basin,
            "stage": job.rule,
            "error": type(error).__name__,
            "reason": f"unexpected {type(error).__name__}: {error}; traceback in {job.log[0]}",
        }
    else:
        return
    log.error("%s: quarantined at %s: %s", basin, reason["stage"], reason["reason"])
    quarantine.mark(outputs, reason)


def finish(quarantine_table: str | Path, report: str | Path, mark: str | Path) -> None:
    """Write the mark of a complete study, or exit with the list of quarantined basins.

    Basins that failed for a reason nobody foresaw are forgotten, so that the next run tries them again; the others wait
    for their data or settings to change.
    """
    table = pd.read_csv(quarantine_table, dtype=str)
    log.info("report: %s", report)
    if table.empty:
        Path(mark).write_text("complete\n")
        return
    log.error("%d basin(s) are quarantined; all others are complete:", len(table))
    for row in table.itertuples():
        log.error("  %s at %s: %s", row.basin, row.stage, row.reason)
        if row.reason.startswith("unexpected "):
            quarantine.forget(Path(report).parent, row.basin)
    sys.exit(1)
