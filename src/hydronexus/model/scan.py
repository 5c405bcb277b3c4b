"""Exact integration of an affine store, S[t+1] = a[t] S[t] + b[t], with a hand-written adjoint."""

import numba
import numpy as np
import torch
from torch import Tensor


@numba.njit(cache=True)
def _forward_kernel(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for row in range(a.shape[0]):
        store = out[row, 0]
        for t in range(a.shape[1]):
            store = a[row, t] * store + b[row, t]
            out[row, t + 1] = store


@numba.njit(cache=True)
def _backward_kernel(a: np.ndarray, grad: np.ndarray) -> None:
    for row in range(a.shape[0]):
        adjoint = grad[row, a.shape[1]]
        for t in range(a.shape[1] - 1, -1, -1):
            adjoint = grad[row, t] + a[row, t] * adjoint
            grad[row, t] = adjoint


def _doubling(a: Tensor, b: Tensor) -> Tensor:
    """Inclusive affine scan from zero in log2(T) vectorised sweeps (Hillis and Steele 1986)."""
    width = 1
    while width < a.shape[-1]:
        b = torch.cat([b[..., :width], b[..., width:] + a[..., width:] * b[..., :-width]], -1)
        a = torch.cat([a[..., :width], a[..., width:] * a[..., :-width]], -1)
        width *= 2
    return b


def _integrate(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    if a.device.type == "cpu":
        out = torch.empty(*a.shape[:-1], a.shape[-1] + 1, dtype=a.dtype)
        out[..., 0] = start
        _forward_kernel(_rows(a), _rows(b), _rows(out))
        return out
    first = b[..., :1] + a[..., :1] * start[..., None]
    return torch.cat([start[..., None], _doubling(a, torch.cat([first, b[..., 1:]], -1))], -1)


def _adjoint(a: Tensor, grad: Tensor) -> Tensor:
    """Gradient with respect to every S[t], from the gradients each S[t] receives directly."""
    if a.device.type == "cpu":
        total = grad.contiguous().clone()
        _backward_kernel(_rows(a), _rows(total))
        return total
    return _doubling(torch.cat([torch.zeros_like(grad[..., :1]), a.flip(-1)], -1), grad.flip(-1)).flip(-1)


def _rows(x: Tensor) -> np.ndarray:
    return x.detach().contiguous().view(-1, x.shape[-1]).numpy()


class _AffineScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        out = _integrate(a, b, start)
        ctx.save_for_backward(a, out)
        return out

    @staticmethod
    def backward(ctx, grad: Tensor):
        a, out = ctx.saved_tensors
        total = _adjoint(a, grad)
        after = total[..., 1:]
        return after * out[..., :-1], after, total[..., 0]


def affine_scan(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """Integrate S[t+1] = a[t] S[t] + b[t] exactly, for all series at once.

    On the CPU a compiled loop over time, on other devices log-depth sweeps; both differentiate through
    one reverse scan of the same kind, so cost and memory stay linear in time.

    Parameters
    ----------
    a, b : Tensor
        Shape (..., time).
    start : Tensor
        S[0], shape (...).

    Returns
    -------
    Tensor
        S[0] to S[T], shape (..., time + 1).
    """
    return _AffineScan.apply(a.contiguous(), b.contiguous(), start)
