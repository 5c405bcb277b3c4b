"""All shared basins with five seeds on one GPU; without one, the same code on the CPU at small size."""

import time

import torch

from hydronexus.training.train import Task, train_cohort
from sections import basins

TIMED_STEPS = 5
# Peak of plain single precision [1e12 operations/s] and of memory [1e12 bytes/s], from the maker's data sheets.
CEILINGS = {"H100": (67.0, 3.35), "H200": (67.0, 4.8), "A100": (19.5, 2.0)}


def operations_per_step(law_size: int, hidden: int, features: int, laws: int, stores: int) -> int:
    """Floating-point operations of one time step of one window: products alone, a multiply-add as two.

    A law with two hidden layers of n units and about three inputs and two outputs costs n (n + 5) products; the LSTM
    4 h (h + f), its head h s. The way back costs twice the way forward.
    """
    forward = laws * law_size * (law_size + 5) + 4 * hidden * (hidden + features) + hidden * stores
    return 2 * 3 * forward


def bytes_per_step(law_size: int, laws: int) -> int:
    """Bytes of one time step of one window that torch moves at least, one scan: what every law's layers write and read.

    Two products and two tanh of n values each, written once and read once on the way forward, and as much again twice
    on the way back, four bytes each.
    """
    return laws * 4 * law_size * 2 * 3 * 4


def gpu(quick: bool) -> dict:
    """Cost of a step by closure, parallel in time and sequential; then a whole training in parallel scans."""
    study, there = basins.study(), torch.cuda.is_available()
    device = "cuda" if there else "cpu"
    count, seeds = (432, 5) if there and not quick else (4, 2)
    steps = study.training.steps if there and not quick else 10
    tasks = [Task(name, forcing, study.periods) for name, forcing in basins.usable(count)]

    def train(closure: str, steps: int) -> tuple[float, int]:
        model = study.model.model_copy(update={"closure": closure})
        training = study.training.model_copy(
            update={"seeds": seeds, "steps": steps, "encoder_steps": 1, "device": device}
        )
        begin = time.perf_counter()
        outcomes = train_cohort(tasks, model, training, lambda line: None)
        done = sum(int(outcome.history.groupby("seed")["step"].max().sum()) for outcome in outcomes.values())
        return time.perf_counter() - begin, done

    rows = {}
    for closure in ("scan", "picard", "closed"):
        wall, done = train(closure, TIMED_STEPS)
        rows[closure] = {"s_per_step": wall / TIMED_STEPS, "ms_per_member_step": 1000 * wall / done}
    wall, done = train("scan", steps)
    result = {
        "measured_on_a_gpu": there,
        "device": torch.cuda.get_device_name() if there else "CPU, small size: no GPU at hand, nothing measured on one",
        "basins": len(tasks),
        "seeds": seeds,
        "sequential_over_parallel": rows["closed"]["s_per_step"] / rows["scan"]["s_per_step"],
        "wall_s": wall,
        "member_steps": done,
        "closures": rows,
    }
    if there:
        places = 9 * 730 * done  # windows and days of the standard split
        work = operations_per_step(study.model.law_size, study.model.hidden_size, 7, 7, 4) * places
        moved = bytes_per_step(study.model.law_size, 7) * places
        result |= {"teraflops": work / wall / 1e12, "terabytes_per_s": moved / wall / 1e12}
        result["peak_memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
        for name, (arithmetic, memory) in CEILINGS.items():
            if name in result["device"]:
                result["share_of_arithmetic_ceiling"] = result["teraflops"] / arithmetic
                result["share_of_memory_ceiling"] = result["terabytes_per_s"] / memory
    return result
