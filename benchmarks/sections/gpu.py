"""All shared basins with five seeds on one GPU; without one, the same code on the CPU at small size."""

import time

import torch

from hydronexus.training.train import Task, train_cohort
from sections import basins

# Peak of plain single precision [1e12 operations/s] and of memory [1e12 bytes/s], from the maker's data sheets.
CEILINGS = {"H100": (67.0, 3.35), "H200": (67.0, 4.8), "A100": (19.5, 2.0)}


def operations_per_step(law_size: int, hidden: int, features: int, laws: int, stores: int) -> int:
    """Floating-point operations of one time step of one window: products alone, a multiply-add as two.

    A law with two hidden layers of n units and about three inputs and two outputs costs n (n + 5) products; the LSTM
    4 h (h + f), its head h s. The way back costs twice the way forward.
    """
    forward = laws * law_size * (law_size + 5) + 4 * hidden * (hidden + features) + hidden * stores
    return 2 * 3 * forward


def gpu(quick: bool) -> dict:
    """Wall time to convergence, and the share of the machine's ceilings that it reaches."""
    study = basins.study()
    there = torch.cuda.is_available()
    count, seeds, steps = (432, 5, study.training.steps) if there and not quick else (4, 2, 10)
    training = study.training.model_copy(update={"seeds": seeds, "steps": steps, "device": "cuda" if there else "cpu"})
    tasks = [Task(name, basins.forcing_of(name), study.periods) for name in basins.names(count)]
    begin = time.perf_counter()
    trained = train_cohort(tasks, study.model, training)
    wall = time.perf_counter() - begin
    done = sum(int(result.history.groupby("seed")["step"].max().sum()) for result in trained.values())
    result = {
        "measured_on_a_gpu": there,
        "device": torch.cuda.get_device_name() if there else "CPU, small size: no GPU at hand, nothing measured on one",
        "basins": count,
        "seeds": seeds,
        "wall_s": wall,
        "member_steps": done,
        "ms_per_member_step": 1000 * wall / done,
    }
    if there:
        work = operations_per_step(study.model.law_size, study.model.hidden_size, 7, 7, 4) * 9 * 730 * done
        result["teraflops"] = work / wall / 1e12
        result["peak_memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
        for name, (arithmetic, memory) in CEILINGS.items():
            if name in result["device"]:
                result["share_of_arithmetic_ceiling"] = result["teraflops"] / arithmetic
                result["memory_ceiling_tb_s"] = memory
    return result
