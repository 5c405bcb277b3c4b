"""What the fault tests share: settings of hypothesis, and the workflow's scripts run without starting Snakemake."""

import runpy
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from snakemake.iocontainers import InputFiles, Log, Namedlist, OutputFiles, Params, ResourceList, Wildcards
from snakemake.script import Snakemake

from hydronexus import errors

# Together more than 10 000 cases, the same in every run.
fuzzed = settings(max_examples=520, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
costly = settings(fuzzed, max_examples=fuzzed.max_examples // 4)  # for cases that take seconds
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
    input: Path | Mapping[str, Path | list[Path]] | list[Path] | None = None,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Run the script of a rule, of one basin unless that is empty."""
    job = Snakemake(
        _named(InputFiles(), input or {}),
        _named(OutputFiles(), output),
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


def _named(files: Namedlist, paths: Path | Mapping[str, Path | list[Path]] | list[Path]) -> Namedlist:
    """Paths with their names, as Snakemake hands them to a script."""
    if not isinstance(paths, Mapping):
        files.extend(map(str, paths if isinstance(paths, list) else [paths]))
        return files
    for name, path in paths.items():
        first, several = len(files), isinstance(path, list)
        files.extend(map(str, path if several else [path]))
        files._set_name(name, first, len(files) if several else None)
    return files


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
