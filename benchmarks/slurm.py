"""What a job of Slurm costs beyond its work: `python benchmarks/slurm.py --json OUT`, as root on Debian or Ubuntu.

Starts the one-node Slurm of tests/slurm, runs the small study of its tests by `snakemake --cores 32 --profile slurm`,
and compares how long each job held its CPU with what its rule says it took.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.slurm.conftest import SCRIPT, SLURM, Clone, Watch, fetched  # noqa: E402

BASINS, SEEDS, COHORTS = 671, 5, 32  # of the study that jobs are counted for
PERIODS = {name: [f"200{year}-01-01", f"200{year}-12-31"] for year, name in enumerate(("train", "validation", "test"))}


def measured(clone: Clone) -> tuple[pd.DataFrame, float]:
    """Run the study on Slurm; seconds by job, held and worked, and wall time of the whole."""
    begin = time.monotonic()
    with Watch() as watch:
        clone.run(*SLURM)
    wall = time.monotonic() - begin
    rows = []
    for job in watch.jobs.values():
        rule, _, wildcard = job["rule"].removeprefix("rule_").partition("_wildcards_")
        told = clone.results / "benchmarks" / (f"{rule}/{wildcard}.tsv" if wildcard else f"{rule}.tsv")
        if told.exists():
            held = (pd.Timestamp(job["end"]) - pd.Timestamp(job["start"])).total_seconds()
            rows.append({"rule": rule, "held": held, "worked": float(pd.read_csv(told, sep="\t")["s"].iloc[0])})
    return pd.DataFrame(rows), wall


def counted(folder: Path) -> int:
    """Jobs of a study of many basins, trained in cohorts."""
    (folder / "data").mkdir()
    for basin in range(BASINS):
        (folder / "data" / f"{basin:08d}.csv").touch()
    study = {
        "study": "count",
        "datasets": {"many": {"format": "csv", "path": "data", "basins": "all"}},
        "periods": PERIODS,
        "training": {"seeds": SEEDS},
        "cohorts": COHORTS,
    }
    (folder / "count.yaml").write_text(yaml.safe_dump(study))
    options = ["-n", "--quiet", "rules", "--cores", "1", "--configfile", "count.yaml"]
    command = [sys.executable, "-m", "snakemake", *options]
    said = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    total = re.search(r"^total\s+(\d+)", said, re.MULTILINE)
    return int(total[1]) if total else sys.exit(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, metavar="OUT")
    options = parser.parse_args()
    study = yaml.safe_load((ROOT / "tests" / "slurm" / "study.yaml").read_text())
    with tempfile.TemporaryDirectory() as name:
        fetched()
        folder = Path(name)
        for part in ("slurm", "study"):
            (folder / part).mkdir()
        try:
            subprocess.run([SCRIPT, "start", folder / "slurm"], check=True)
            clone = Clone(folder / "study", study)
            jobs, wall = measured(clone)
        finally:
            subprocess.run([SCRIPT, "stop", folder / "slurm"], check=True)
        jobs["overhead"] = jobs["held"] - jobs["worked"]
        table = jobs.groupby("rule").agg(jobs=("held", "size"), held=("held", "median"), worked=("worked", "median"),
                                         overhead=("overhead", "median")).round(1).reset_index()  # fmt: skip
        print(table.to_string(index=False))
        found = {
            "jobs": len(jobs),
            "wall_s": round(wall, 1),
            "overhead_s": {"median": jobs["overhead"].median(), "largest": jobs["overhead"].max()},
            f"jobs_of_{BASINS}_basins_in_{COHORTS}_cohorts": counted(clone.folder),
            "rules": table.to_dict("records"),
        }
    print(json.dumps({key: value for key, value in found.items() if key != "rules"}, indent=1))
    options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
