"""Affine scan: exact, differentiable, the same on every path."""

import torch

from hydronexus.model.scan import _doubling, affine_scan


def _problem(rows=(2, 3), steps=37):
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(*rows, steps, generator=generator, dtype=torch.float64)
    b = torch.randn(*rows, steps, generator=generator, dtype=torch.float64)
    return a, b, torch.randn(*rows, generator=generator, dtype=torch.float64)


def _loop(a, b, start):
    states = [start]
    for a_t, b_t in zip(a.unbind(-1), b.unbind(-1), strict=True):
        states.append(a_t * states[-1] + b_t)
    return torch.stack(states, -1)


def test_scan_equals_a_plain_loop():
    a, b, start = _problem()
    torch.testing.assert_close(affine_scan(a, b, start), _loop(a, b, start), rtol=1e-13, atol=1e-13)


def test_gradients_equal_those_of_a_plain_loop():
    inputs = [x.requires_grad_() for x in _problem()]
    weight = torch.arange(38, dtype=torch.float64).cos()
    expected = torch.autograd.grad((_loop(*inputs) * weight).square().sum(), inputs)
    found = torch.autograd.grad((affine_scan(*inputs) * weight).square().sum(), inputs)
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-11, atol=1e-11)


def test_gradients_pass_the_numerical_check():
    inputs = [x.requires_grad_() for x in _problem((2,), 6)]
    assert torch.autograd.gradcheck(affine_scan, inputs)


def test_log_depth_sweeps_equal_the_compiled_loop():
    a, b, _ = _problem()
    expected = affine_scan(a, b, torch.zeros(2, 3, dtype=torch.float64))[..., 1:]
    torch.testing.assert_close(_doubling(a, b), expected, rtol=1e-12, atol=1e-12)
