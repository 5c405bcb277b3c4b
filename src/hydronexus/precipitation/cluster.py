"""Where the work on a grid runs: this machine, a scheduler that is there, or Slurm."""

import ctypes
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dask.distributed import Client, LocalCluster, Worker, WorkerPlugin

from hydronexus.config import Workers

log = logging.getLogger(__name__)

MALLOC = {-1: 2**28, -3: 2**25}  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD [bytes], the largest that glibc takes


class KeepsMemory(WorkerPlugin):
    """Lets a worker's allocator keep what it freed for the next chunk.

    Dask has it give every large array back at once, and asking for it anew took as long as the work itself.
    """

    def setup(self, worker: Worker) -> None:
        with suppress(AttributeError, OSError):  # a C library without the call
            for parameter, value in MALLOC.items():
                ctypes.CDLL(None).mallopt(parameter, value)


@contextmanager
def client_of(settings: Workers, threads: int | None = None) -> Iterator[Client]:
    """A Dask client with workers, closed at the end; the link of its dashboard is logged.

    Parameters
    ----------
    settings : Workers
        The configuration's section `workers`.
    threads : int, optional
        Cores of this machine to use at most; all that the process may run on if not given.

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
            ) as cluster,
            Client(cluster) as client,
        ):
            cluster.scale(jobs=jobs.jobs)
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


def _ready(client: Client) -> Client:
    client.register_plugin(KeepsMemory())
    log.info("Dask dashboard: %s", client.dashboard_link)
    return client
