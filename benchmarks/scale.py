"""What a large study costs beside its basins' own jobs: `python benchmarks/scale.py --study results/NAME --json OUT`.

Results of a finished study are repeated under new ids; then Snakemake plans, aggregates and reports as a user has it.
"""

import argparse
import itertools
import json
import os
import platform
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from machine import processor

from hydronexus import archive

ROOT = Path(__file__).resolve().parents[1]
WHOLE = 1000  # larger studies are not recorded as done, which takes Snakemake long, so what needs it is not measured
# As `snakemake --touch`, without its pause of 0.1 s for every job.
TOUCH = "from snakemake import cli; from snakemake.executors import touch; touch.Executor.SLEEPING_TIME = 0; cli.main()"
STUDY_RULES = ("aggregate_study", "write_report", "write_explorer")
RESULTS = "results/many"
PERIODS = {
    "train": ["1999-10-01", "2008-09-30"],
    "validation": ["1980-10-01", "1989-09-30"],
    "test": ["1989-10-01", "1999-09-30"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="folder of a finished study")
    parser.add_argument("--basins", type=int, nargs="+", default=[168, 671, 2000, 6834])
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the numbers")
    options = parser.parse_args()
    study = options.study.resolve()
    found = {path.stem: json.loads(path.read_text()) for path in sorted((study / "evaluation").glob("*.json"))}
    sources = [basin for basin, evaluation in found.items() if evaluation["quarantine"] is None]
    if not sources:
        parser.error(f"no basin with results in {study}; run the study first")
    machine = {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    result: dict[str, Any] = {"machine": machine, "basins_of_template": len(sources), "studies": []}
    for basins in options.basins:
        with tempfile.TemporaryDirectory(dir=study.parent, prefix=".scale") as folder:
            result["studies"].append({"basins": basins} | measure(study, sources, basins, Path(folder)))
        options.json.write_text(json.dumps(result, indent=1) + "\n")
        print(json.dumps(result["studies"][-1], indent=1), flush=True)


def measure(study: Path, sources: list[str], basins: int, folder: Path) -> dict[str, Any]:
    """All steps of a study of so many basins, in an empty folder on the file system of the template."""
    ids = [f"{i:08d}" for i in range(basins)]
    write_study(study / "forcing" / f"{sources[0]}.zarr.zip", ids, folder)
    whole = basins <= WHOLE
    found: dict[str, Any] = {"plan": snakemake(folder, "-n")}
    repeat(study, dict(zip((f"many_{i}" for i in ids), itertools.cycle(sources), strict=False)), folder)
    # As a job begins on a node of a cluster: it reads the whole workflow to find its own part of it.
    own = ("--target-jobs", f"evaluate_basin:basin=many_{ids[0]}", "--allowed-rules", "evaluate_basin")
    found["job_start"] = snakemake(folder, "-n", "--nolock", *own)
    if whole:
        found["disk"] = disk(folder)
        touch = ("--touch", "--forceall", "--scheduler", "greedy", "--until", "draw_basin", "pack_basin")
        snakemake(folder, *touch, program=("-c", TOUCH))
        found["records"] = usage([folder / ".snakemake" / "metadata"], basins)
    # Without records Snakemake would run the basins' jobs again.
    limits = () if whole else ("--allowed-rules", *STUDY_RULES)
    for rule in STUDY_RULES:
        found[rule] = snakemake(folder, *limits, "--", rule)
        table = (folder / RESULTS / "benchmarks" / f"{rule}.tsv").read_text().splitlines()
        found[rule]["job_s"] = float(table[1].split("\t")[0])
    found["pages_mb"] = {
        name: (folder / RESULTS / name).stat().st_size / 1e6 for name in ("report.html", "explorer.html")
    }
    if whole:
        snakemake(folder)
        done = (folder / RESULTS / "complete.txt").stat().st_mtime_ns
        found["nothing_to_do"] = snakemake(folder)
        assert (folder / RESULTS / "complete.txt").stat().st_mtime_ns == done, "there was something to do"
    return found


def write_study(forcing: Path, ids: list[str], folder: Path) -> None:
    """The workflow and a study of CSV files, which are all the same one."""
    for part in ("Snakefile", "workflow", "profiles", "envs", "config"):
        (folder / part).symlink_to(ROOT / part)
    data = folder / "data"
    data.mkdir()
    store = archive.read(forcing)
    units = {name: store[name].attrs["units"] for name in store.data_vars}
    store.to_dataframe().to_csv(data / f"{ids[0]}.csv", index_label="date")
    for basin in ids[1:]:
        os.link(data / f"{ids[0]}.csv", data / f"{basin}.csv")
    table = "\n".join(["basin,area_km2,latitude", *(f"{basin},1000,45" for basin in ids)])
    (data / "attributes.txt").write_text(table)
    study = {
        "study": "many",
        "datasets": {
            "many": {
                "format": "csv",
                "path": "data",
                "basins": "all",
                "attributes": "data/attributes.txt",
                "variables": {name: name for name in units},
                "units": units,
            }
        },
        "periods": PERIODS,
        "training": {"seeds": 5},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))


def repeat(study: Path, source_of: dict[str, str], folder: Path) -> None:
    """Results of one basin of a study for every new one: arrays and figures as links, text under the new name."""
    files: dict[str, list[Path]] = {source: [] for source in source_of.values()}
    for path in study.rglob("*"):
        parts = path.relative_to(study).parts
        owner = next((source for source in files for part in parts[1:] if part.split(".")[0] == source), None)
        if owner and path.is_file():
            files[owner].append(path)
    for new, source in source_of.items():
        for path in files[source]:
            target = folder / RESULTS / str(path.relative_to(study)).replace(source, new)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in (".zip", ".safetensors", ".png"):
                target.symlink_to(path)
            else:
                target.write_text(path.read_text().replace(f'"{source}"', f'"{new}"'))


def snakemake(folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "snakemake")) -> dict[str, float]:
    """Wall time, CPU time with that of all jobs, and peak memory of the largest process, of one command."""
    command = [sys.executable, *program, "--quiet", "all", "--cores", "1", "--configfile", "study.yaml", *arguments]
    start = time.perf_counter()
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit((folder / "said.txt").read_text()[-5000:])
    took = {
        "wall_s": round(time.perf_counter() - start, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }
    print(*arguments, took, flush=True)
    return took


def disk(folder: Path) -> dict[str, dict[str, float]]:
    """What each kind of results has of files, by basin."""
    basins = sum(1 for _ in (folder / RESULTS / "evaluation").iterdir())
    return {kind.name: usage([kind], basins) for kind in sorted((folder / RESULTS).iterdir())}


def usage(roots: list[Path], basins: int) -> dict[str, float]:
    """Files and folders, bytes in them, and bytes of whole blocks, by basin; a link counts as a file of its own."""
    facts = [path.stat() for root in roots for path in root.rglob("*")]
    files = [fact for fact in facts if stat.S_ISREG(fact.st_mode)]
    return {
        "inodes": round(len(facts) / basins, 2),
        "kb": round(sum(fact.st_size for fact in files) / basins / 1e3, 1),
        "kb_of_blocks": round(sum(512 * fact.st_blocks for fact in facts) / basins / 1e3, 1),
    }


if __name__ == "__main__":
    main()
