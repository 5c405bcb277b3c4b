"""How time and memory grow with basins, seeds and years; every case in a process of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

import torch

from hydronexus.training.train import Task, train_cohort
from sections import basins

STEPS = 10  # of the laws, and of the encoder
QUICK = [(1, 1, 9), (4, 5, 9), (16, 5, 9)]
FULL = [
    *[(count, 5, 9) for count in (1, 4, 16, 64, 432)],
    *[(4, seeds, 9) for seeds in (1, 2, 5, 10)],
    *[(4, 5, years) for years in (5, 9, 15, 20, 27)],
]


def peak_mb() -> float:
    """Largest resident memory of this process so far (Linux); `getrusage` would count the process that started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def case(count: int, seeds: int, years: int) -> dict:
    """Train some basins for a few steps of laws and encoder and one evaluation, here and now."""
    torch.set_num_threads(1)
    study, periods = basins.study(), basins.years(years)
    training = study.training.model_copy(
        update={"seeds": seeds, "steps": STEPS, "encoder_steps": STEPS, "evaluate_every": STEPS, "device": "cpu"}
    )
    tasks = [Task(name, forcing, periods) for name, forcing in basins.usable(count)]
    once = training.model_copy(update={"steps": 1, "encoder_steps": 1, "evaluate_every": 1})
    train_cohort(tasks[:1], study.model, once, lambda line: None)  # compiles
    loaded = peak_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    train_cohort(tasks, study.model, training, lambda line: None)
    cpu = time.process_time() - cpu
    return {
        "basins": len(tasks),
        "seeds": seeds,
        "years": years,
        "steps": STEPS,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": cpu,
        "cpu_ms_per_member_step": 1000 * cpu / (len(tasks) * seeds * STEPS),
        "memory_of_data_mb": loaded,
        "peak_memory_mb": peak_mb(),
    }


def scaling(quick: bool) -> list[dict]:
    """The cases, one after the other."""
    rows = []
    for arguments in QUICK if quick else FULL:
        command = [sys.executable, "-m", "sections.scaling", *map(str, arguments)]
        done = subprocess.run(command, cwd=basins.ROOT / "benchmarks", capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print("  " + ", ".join(f"{k} {v:.4g}" for k, v in rows[-1].items()), flush=True)
    return rows


if __name__ == "__main__":
    print(json.dumps(case(*map(int, sys.argv[1:]))))
