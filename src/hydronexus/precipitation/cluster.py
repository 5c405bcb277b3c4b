"""Where the work on a grid runs: this machine, a scheduler that is there, or Slurm."""

import ctypes
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dask.distributed import Client, LocalCluster, SchedulerPlugin, Worker, WorkerPlugin
from tornado.ioloop import PeriodicCallback

from hydronexus.config import Workers

if TYPE_CHECKING:
    from dask.distributed import Scheduler
    from dask_jobqueue import SLURMCluster

log = logging.getLogger(__name__)

MALLOC = {-1: 2**28, -3: 2**25}  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD [bytes], the largest that glibc takes
LOOK_EVERY = 1  # seconds
GONE_AFTER = 10  # seconds; less than the 15 s after which Dask submits a job of one worker again, under the same name


class KeepsMemory(WorkerPlugin):
    """Lets a worker's allocator keep what it freed for the next chunk.

    Dask has it give every large array back at once, and asking for it anew took as long as the work itself.
    """

    def setup(self, worker: Worker) -> None:
        with suppress(AttributeError, OSError):  # a C library without the call
            for parameter, value in MALLOC.items():
                ctypes.CDLL(None).mallopt(parameter, value)


class GoesAnywhere(SchedulerPlugin):
    """Lets a task whose worker died go to any that comes, if there is none when it has to move.

    Dask has it wait for that very worker for ever, though others were allowed.
    """

    def start(self, scheduler: "Scheduler") -> None:
        self.tasks = scheduler.tasks

    def transition(self, key: str, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        if finish == "no-worker" and (task := self.tasks[key]).loose_restrictions:
            task.worker_restrictions = None


@contextmanager
def client_of(settings: Workers, threads: int | None = None, logs: Path | None = None) -> Iterator[Client]:
    """A Dask client with workers, closed at the end; the link of its dashboard is logged.

    Parameters
    ----------
    settings : Workers
        The configuration's section `workers`.
    threads : int, optional
        Cores of this machine to use at most; all that the process may run on if not given.
    logs : pathlib.Path, optional
        Folder for what Slurm jobs have to say.

    Yields
    ------
    dask.distributed.Client
    """
    if settings.scheduler:
        with Client(settings.scheduler) as client:
            yield _ready(client)
    elif settings.slurm is not None:
        from dask_jobqueue import SLURMCluster  # heavy, and of use on clusters alone

        jobs = settings.slurm
        with (
            SLURMCluster(
                cores=jobs.cores,
                processes=jobs.cores,
                memory=jobs.memory,
                walltime=jobs.walltime,
                queue=jobs.partition,
                account=jobs.account,
                job_extra_directives=jobs.options,
                log_directory=logs and str(logs),
            ) as cluster,
            Client(cluster) as client,
        ):
            cluster.scale(jobs=jobs.jobs)
            _keep_up(cluster, jobs.jobs)
            yield _ready(client)
    else:
        count = min(threads or 10**6, len(os.sched_getaffinity(0)))
        with (
            LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=settings.memory or "auto",
                dashboard_address=":0",
                silence_logs=logging.ERROR,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield _ready(client)


def _keep_up(cluster: "SLURMCluster", jobs: int) -> None:
    """Submit another job for one that is cancelled or out of time, which dask-jobqueue takes for running."""
    last_there: dict[str, float] = {}

    def renew() -> None:
        now = time.monotonic()
        there = {worker["name"] for worker in cluster.scheduler_info["workers"].values()}
        for name, spec in list(cluster.worker_spec.items()):
            if not there.isdisjoint(name + suffix for suffix in spec.get("group", [""])):
                last_there[name] = now
            elif now - last_there.get(name, now) > GONE_AFTER:
                log.warning("the workers of %s are gone; submitting another job", name)
                del cluster.worker_spec[name], last_there[name]
        cluster.scale(jobs=jobs)

    cluster.periodic_callbacks["keep-up"] = callback = PeriodicCallback(renew, LOOK_EVERY * 1000)
    cluster.loop.add_callback(callback.start)


def _ready(client: Client) -> Client:
    client.register_plugin(KeepsMemory())
    client.register_plugin(GoesAnywhere())
    log.info("Dask dashboard: %s", client.dashboard_link)
    return client
