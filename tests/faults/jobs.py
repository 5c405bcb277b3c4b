"""What the fault tests share: settings of hypothesis, and the workflow's scripts run without starting Snakemake."""

import runpy
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, ResourceList, Wildcards
from snakemake.script import Snakemake

from hydronexus import errors

# The number of cases is that of the profile: `pytest --hypothesis-profile=...`.
fuzzed = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
NAMED = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.HydronexusError)
}


def run_script(
    rule: str,
    config: Mapping[str, Any],
    basin: str,
    output: Path | Mapping[str, Path],
    log: Path,
    input: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Run the script of a rule of one basin."""
    outputs = (
        OutputFiles(fromdict={name: str(path) for name, path in output.items()})
        if isinstance(output, Mapping)
        else OutputFiles([str(output)])
    )
    job = Snakemake(
        InputFiles(fromdict=dict(input or {})),
        outputs,
        Params(fromdict=dict(params or {})),
        Wildcards(fromdict={"basin": basin}),
        1,
        ResourceList(),
        Log([str(log)]),
        dict(config),
        rule,
        None,
    )
    runpy.run_path(str(SCRIPTS / f"{rule}.py"), init_globals={"snakemake": job})


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what hangs."""

    def ring(number: int, frame: Any) -> None:
        raise AssertionError(f"still running after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
