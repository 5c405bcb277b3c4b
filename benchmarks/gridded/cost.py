"""What processes cost: time of processors and memory, of this process and all that it started."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil


@dataclass
class Cost:
    """What a part of a program cost.

    Parameters
    ----------
    wall, cpu : float
        [s]
    peak : float
        Largest memory that belongs to the processes alone or in shares (PSS) [GB].
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)


def _family() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def _sum(of: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for process in _family():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            total += of(process)
    return total


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def measured(memory: bool = False) -> Iterator[Cost]:
    """Measure what happens inside; processes must live on until its end."""
    cost = Cost()

    def watch() -> None:
        while not cost._stop.wait(0.2):
            cost.peak = max(cost.peak, _sum(lambda process: process.memory_full_info().pss) / 1e9)

    watcher = threading.Thread(target=watch, daemon=True)
    if memory:
        watcher.start()
    cpu, wall = _sum(_processor), time.monotonic()
    try:
        yield cost
    finally:
        cost.wall, cost.cpu = time.monotonic() - wall, _sum(_processor) - cpu
        cost._stop.set()
        if memory:
            watcher.join()
