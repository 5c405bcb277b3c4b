"""Time a forward and backward pass of hydrodl2's HBV 1.0 on one thread, with random forcing and parameters.

Runs in the rivals' environment, not in that of hydronexus.
"""

import argparse
import json
import math
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import torch
from hydrodl2 import load_model


def random_forcing(days: int, basins: int) -> torch.Tensor:
    """Daily precipitation (mm), mean temperature (°C) and potential evaporation (mm) as (days, basins, 3)."""
    season = -torch.cos(2 * math.pi * torch.arange(days) / 365.25)[:, None]
    wet = torch.rand(days, basins) < 0.4
    precipitation = wet * torch.empty(days, basins).exponential_(1 / 7)
    temperature = 6 + 12 * season + 4 * torch.randn(days, basins)
    evaporation = (2 + 1.8 * season + 0.5 * torch.randn(days, basins)).clamp(min=0)
    return torch.stack([precipitation, temperature, evaporation], dim=-1)


def forward_backward(model: torch.nn.Module, forcing: torch.Tensor, parameters: torch.Tensor) -> float:
    """CPU seconds of one pass from the parameters to their gradients.

    Parameters
    ----------
    model : torch.nn.Module
        The HBV.
    forcing : torch.Tensor
        (days, basins, 3).
    parameters : torch.Tensor
        One unscaled set per basin, (basins, parameters): the model wants it for every day, so it is expanded.
    """
    parameters.grad = None
    start = time.process_time()
    fluxes = model({"x_phy": forcing}, parameters.expand(len(forcing), -1, -1))
    fluxes["streamflow"].square().mean().backward()
    return time.process_time() - start


def check_gradients(gradients: torch.Tensor) -> None:
    """Raise unless gradients are finite and reach every basin."""
    if not gradients.isfinite().all():
        raise RuntimeError("some gradients are not finite")
    # Not every parameter of every basin: a store that never fills leaves those of its overflow without one.
    if not gradients.any(dim=1).all():
        raise RuntimeError("no gradient reaches some basins")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--basins", type=int, default=100)
    parser.add_argument("--members", type=int, default=1, help="parallel parameter sets per basin (hydrodl2's nmul)")
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--repeats", type=int, default=3, help="timed passes, after one that is not")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)

    config = {"nmul": arguments.members, "dynamic_params": {}}
    model = load_model("hbv")(config, device=torch.device("cpu"))
    forcing = random_forcing(arguments.days, arguments.basins)
    parameters = torch.randn(arguments.basins, model.learnable_param_count, requires_grad=True)
    forward_backward(model, forcing, parameters)
    check_gradients(parameters.grad)
    seconds = [forward_backward(model, forcing, parameters) for _ in range(arguments.repeats)]
    report = {
        "basins": arguments.basins,
        "members": arguments.members,
        "days": arguments.days,
        "repeats": arguments.repeats,
        "threads": torch.get_num_threads(),
        "forward_backward_cpu_s": round(statistics.median(seconds), 4),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("hydrodl2", "torch", "numpy")},
        },
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
