"""Propose memory and time of jobs from a finished study: `python -m hydronexus.resources results/NAME --basins 671`."""

import argparse
import ast
import math
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

MEMORY_HEADROOM = 1.3
SNAKEMAKE_MB = 300  # a job on a cluster runs within a Snakemake of its own, which its benchmark does not count
TIME_HEADROOM = 3  # nodes differ in speed, and file systems in mood
SMALLEST_MINUTES = 5


def measured(results: Path) -> pd.DataFrame:
    """What every job of a study took, from its benchmark files.

    Parameters
    ----------
    results : Path
        Folder of the study.

    Returns
    -------
    pandas.DataFrame
        A row per job: rule, whether it is one of many, minutes, cpu_minutes, memory_mb, and what it asked for where
        the file says it (asked_mb, asked_minutes, threads). A job too short to be sampled has no memory.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    folder = results / "benchmarks"
    rows = [_job(path, path.relative_to(folder).parts) for path in sorted(folder.rglob("*.tsv"))]
    if not rows:
        raise FileNotFoundError(f"no benchmark file in {folder}; run the study first")
    return pd.DataFrame(rows)


def _job(path: Path, parts: tuple[str, ...]) -> dict[str, object]:
    last = pd.read_csv(path, sep="\t").iloc[-1]
    asked = ast.literal_eval(last.get("resources", "{}"))
    return {
        "rule": parts[0].removesuffix(".tsv"),
        "of_many": len(parts) > 1,
        "minutes": last["s"] / 60,
        "cpu_minutes": pd.to_numeric(last["cpu_time"], errors="coerce") / 60,
        "memory_mb": pd.to_numeric(last["max_rss"], errors="coerce"),
        "asked_mb": asked.get("mem_mb", math.nan),
        "asked_minutes": asked.get("runtime", math.nan),
        "threads": last.get("threads", 1),
    }


def propose(jobs: pd.DataFrame) -> pd.DataFrame:
    """What to ask for in the next study of this kind, of any number of basins.

    Parameters
    ----------
    jobs : pandas.DataFrame
        From :func:`measured`.

    Returns
    -------
    pandas.DataFrame
        A row per rule: jobs, minutes and memory_mb (medians), minutes_largest, memory_mb_largest, asked_mb and
        asked_minutes (of a first attempt), proposed_mb, proposed_minutes. NaN where nothing is known; nothing is
        proposed for a rule of one job, which grows with the number of basins.
    """
    table = jobs.groupby("rule").agg(
        jobs=("minutes", "size"),
        minutes=("minutes", "median"),
        minutes_largest=("minutes", "max"),
        memory_mb=("memory_mb", "median"),
        memory_mb_largest=("memory_mb", "max"),
        asked_mb=("asked_mb", "min"),
        asked_minutes=("asked_minutes", "min"),
    )
    many = jobs.groupby("rule")["of_many"].first()
    memory = MEMORY_HEADROOM * table["memory_mb_largest"] + SNAKEMAKE_MB
    minutes = TIME_HEADROOM * table["minutes_largest"]
    return table.assign(
        proposed_mb=(100 * np.ceil(memory / 100)).where(many),
        proposed_minutes=np.ceil(minutes).clip(lower=SMALLEST_MINUTES).where(many),
    )


def profile(proposal: pd.DataFrame) -> str:
    """A proposal as `set-resources` of a Snakemake profile; a job that failed is given more at each attempt."""
    rules = {
        rule: {
            name: f"{int(value)} * attempt"
            for name, value in (("mem_mb", row["proposed_mb"]), ("runtime", row["proposed_minutes"]))
            if math.isfinite(value)
        }
        for rule, row in proposal.iterrows()
    }
    return yaml.safe_dump({"set-resources": {rule: asked for rule, asked in rules.items() if asked}})


def cost(jobs: pd.DataFrame, basins: int) -> dict[str, float]:
    """Jobs, core hours that they hold and CPU hours that they use, for a study of so many basins.

    Notes
    -----
    Rules with one job per basin grow with the basins; the others are counted as they were. Time to start a job on a
    cluster is not in it.
    """
    many = jobs["of_many"]
    here = jobs[many].groupby("rule").size().max()
    times = np.where(many, basins / here, 1)
    return {
        "jobs": float(times.sum()),
        "core_hours": float((times * jobs["minutes"] * jobs["threads"]).sum() / 60),
        "cpu_hours": float((times * jobs["cpu_minutes"]).sum() / 60),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a study that has run")
    parser.add_argument("--basins", type=int, help="basins of the next study, to tell what it will cost")
    parser.add_argument("--profile", type=Path, metavar="OUT", help="where to write `set-resources` for a profile")
    options = parser.parse_args()
    try:
        jobs = measured(options.results)
    except FileNotFoundError as error:
        parser.error(str(error))
    proposal = propose(jobs)
    print(proposal.round(1).to_string(na_rep="–"))
    if options.basins:
        print(
            "{jobs:.0f} jobs, {core_hours:.1f} core hours, {cpu_hours:.1f} CPU hours".format(
                **cost(jobs, options.basins)
            )
        )
    if options.profile:
        options.profile.write_text(profile(proposal))


if __name__ == "__main__":
    main()
