"""Elementary functions on lanes agree with the library over their whole range."""

import numpy as np
import pytest
import torch
from llvmlite import ir

from hydronexus.model.lanes import LANES, Lanes
from hydronexus.model.machine import MachineCode, call_blocks, new_function

RANGES = {
    "exp": (-80, 80),
    "log1p": (0, 1e6),
    "sigmoid": (-60, 60),
    "tanh": (-30, 30),
    "softplus": (-60, 60),
}


def _apply(name: str, x: torch.Tensor) -> torch.Tensor:
    module = ir.Module()
    lanes, (steps, source, target) = new_function(module, "apply", 2, x.dtype == torch.float64)
    with lanes.loop(steps) as index:
        lanes.store(getattr(Lanes, name)(lanes, lanes.load(source, index)), target, index)
    lanes.builder.ret_void()
    code = MachineCode(module)
    out = torch.empty_like(x)
    call_blocks(code, x.numel() // LANES, (x[None, None], out[None, None]))
    return out


def _exact(name: str, x: torch.Tensor) -> torch.Tensor:
    if name == "softplus":  # the library's own is linear from 20 on
        return torch.logaddexp(x, torch.zeros_like(x))
    return getattr(torch, name)(x)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", list(RANGES))
def test_elementary_functions_are_right_to_a_few_roundings(name, kind):
    low, high = RANGES[name]
    parts = [np.linspace(low, high, 4096), np.linspace(max(low, -1), 1, 4096), np.logspace(-12, np.log10(high), 4096)]
    x = torch.from_numpy(np.concatenate(parts)).to(kind)
    found, exact = _apply(name, x).double(), _exact(name, x.double())
    error = (found - exact).abs()
    if name != "tanh":  # near zero its absolute error counts: it is the slope 1 - tanh^2 that is used
        error = error / exact.clamp_min(1e-30)
    assert float(error.max()) < 8 * torch.finfo(kind).eps


@pytest.mark.parametrize("name", list(RANGES))
def test_what_is_not_a_number_stays_so(name):
    x = torch.zeros(LANES)
    x[3] = torch.nan
    found = _apply(name, x)
    assert torch.isnan(found[3])
    assert torch.isfinite(found[torch.arange(LANES) != 3]).all()
