"""How long Snakemake takes to plan a study of many basins: `python benchmarks/plan.py [--basins N ...] --json OUT`."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}


def plan(basins: int) -> dict[str, float]:
    """Wall time, CPU time and peak memory of `snakemake -n` for a new study of some basins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("Snakefile", "workflow", "profiles", "envs", "config"):
            (folder / part).symlink_to(ROOT / part)
        (folder / "data").mkdir()
        ids = [f"{i:08d}" for i in range(basins)]
        for basin in ids:
            (folder / "data" / f"{basin}.csv").touch()
        study = {
            "study": "plan",
            "datasets": {"many": {"format": "csv", "path": "data", "basins": "all"}},
            "periods": PERIODS,
        }
        (folder / "study.yaml").write_text(yaml.safe_dump(study))
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-n",
            "--quiet",
            "all",
            "--configfile",
            "study.yaml",
            "--cores",
            "2",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "basins": basins,
            "wall_s": round(time.perf_counter() - start, 1),
            "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "peak_mb": round(after.ru_maxrss / 1024),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--basins", type=int, nargs="+", default=[4, 168, 671])
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    rows = [plan(basins) for basins in sorted(arguments.basins)]
    for row in rows:
        print("{basins:6d} basins: {wall_s:6.1f} s wall, {cpu_s:6.1f} s CPU, {peak_mb:5d} MB".format(**row))
    arguments.json.write_text(json.dumps({"plan": rows, "cpus": os.cpu_count()}, indent=1))


if __name__ == "__main__":
    main()
