"""The bucket's step, traced once and compiled for the CPU into a loop over time and its adjoint."""

from functools import cached_property, partial

import torch
from llvmlite import ir
from torch import Tensor, fx, nn

from hydronexus.model.bucket import Bucket, Contents, Forcing
from hydronexus.model.emission import Emission
from hydronexus.model.lanes import INDEX, LANES, Lanes
from hydronexus.model.laws import Law
from hydronexus.model.machine import MachineCode, call_blocks, from_lanes, new_function, to_lanes


class _Step(nn.Module):
    """One step of a bucket as a function of arrays of forcing, guess and content."""

    def __init__(self, bucket: Bucket):
        super().__init__()
        self.bucket = bucket

    def forward(self, forcing, guess, content):
        names = self.bucket.store_names
        drivers = {name: forcing[name] if there else None for name, there in _drivers(self.bucket).items()}
        _, after, fluxes = self.bucket(
            Forcing(**drivers, features=None), {name: guess[name] for name in names}, lambda store, *_: content[store]
        )
        return after, fluxes


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, Law)


def _drivers(bucket: Bucket) -> dict[str, bool]:
    """Forcing of the bucket's step by name, and whether it is there."""
    snow = "snow" in bucket.store_names
    return {
        "precipitation": True,
        "potential_evapotranspiration": True,
        "temperature": snow,
        "radiation": snow and bucket.radiation,
        "heterogeneity": bucket.heterogeneity,
    }


class Kernel:
    """Machine code that marches a bucket through time, and its adjoint, for one precision.

    All series of a block advance together, one in every lane. The adjoint computes each step anew, so that nothing but
    the stores is kept of the way forward.

    Parameters
    ----------
    bucket : Bucket
    double : bool
        Double precision instead of single.
    closed : bool
        Laws read the stores as they evolve (closed loop) instead of a guess.
    shared : bool
        All series of a block belong to one member; else every lane has laws of its own.
    """

    def __init__(self, bucket: Bucket, double: bool, closed: bool, shared: bool):
        self.closed, self.shared = closed, shared
        self.drivers = [name for name, there in _drivers(bucket).items() if there]
        self.stores = bucket.store_names
        self._graph = _Tracer().trace(_Step(bucket))
        self.fluxes = bucket.flux_names
        self._laws, offset = {}, 0
        for name, law in bucket.laws.items():
            self._laws[f"bucket.laws.{name}"] = (law.sizes, offset)
            offset += law.flat().shape[1]
        self._double = double

    def _output(self) -> fx.Node:
        return next(node for node in self._graph.nodes if node.op == "output")

    def _read(self, lanes: Lanes, time: ir.Value, forcing: ir.Value, guess: ir.Value, stores: ir.Value):
        count = len(self.stores)

        def read(array: str, key: str) -> ir.Value:
            if array == "forcing":
                return lanes.load(forcing, lanes.place(time, len(self.drivers), self.drivers.index(key)))
            source = guess if array == "guess" and not self.closed else stores
            return lanes.load(source, lanes.place(time, count, self.stores.index(key)))

        return read

    def _parameter(self, lanes: Lanes, parameters: ir.Value):
        return partial(lanes.spread if self.shared else lanes.load, parameters)

    @cached_property
    def forward(self) -> MachineCode:
        """Fill stores and fluxes."""
        module = ir.Module(name="march")
        lanes, (steps, forcing, guess, parameters, stores, fluxes) = new_function(module, "forward", 5, self._double)
        emission = Emission(lanes, self._graph, self._laws, self._parameter(lanes, parameters))
        with lanes.loop(steps) as time:
            after, through = emission.forward(self._read(lanes, time, forcing, guess, stores))
            following = lanes.builder.add(time, INDEX(1))
            for index, name in enumerate(self.stores):
                lanes.store(after[name], stores, lanes.place(following, len(self.stores), index))
            for index, name in enumerate(self.fluxes):
                lanes.store(through[name], fluxes, lanes.place(time, len(self.fluxes), index))
        lanes.builder.ret_void()
        return MachineCode(module)

    @cached_property
    def backward(self) -> MachineCode:
        """Fill the gradients of what :attr:`forward` reads; compiled apart, since a simulation needs none."""
        module = ir.Module(name="march")
        lanes, arguments = new_function(module, "backward", 8, self._double)
        steps, forcing, guess, parameters, stores, grad_stores, grad_fluxes, grad_guess, collected = arguments
        emission = Emission(lanes, self._graph, self._laws, self._parameter(lanes, parameters))
        after, through = self._output().args[0]
        with lanes.loop(steps, backwards=True) as time:
            emission.forward(self._read(lanes, time, forcing, guess, stores))
            following = lanes.builder.add(time, INDEX(1))
            seeds: dict[fx.Node, ir.Value] = {}
            arrays = ((self.stores, after, following, grad_stores), (self.fluxes, through, time, grad_fluxes))
            for names, nodes, at, array in arrays:
                for index, name in enumerate(names):
                    node = nodes[name]
                    grad = lanes.load(array, lanes.place(at, len(names), index))
                    seeds[node] = lanes.add(seeds[node], grad) if node in seeds else grad
            given = emission.backward(seeds, collected)
            for index, name in enumerate(self.stores):
                place = lanes.place(time, len(self.stores), index)
                total = lanes.add(lanes.load(grad_stores, place), given["content", name])
                if self.closed:
                    total = lanes.add(total, given["guess", name])
                else:
                    lanes.store(given["guess", name], grad_guess, place)
                lanes.store(total, grad_stores, place)
        lanes.builder.ret_void()
        return MachineCode(module)


_KERNELS: dict[tuple, Kernel] = {}


def kernel_of(bucket: Bucket, double: bool, closed: bool, shared: bool) -> Kernel:
    """The kernel of a bucket's structure, compiled once per process."""
    shape = tuple((name, law.sizes) for name, law in bucket.laws.items())
    key = (shape, bucket.step, bucket.store_names, double, closed, shared)
    if key not in _KERNELS:
        _KERNELS[key] = Kernel(bucket, double, closed, shared)
    return _KERNELS[key]


class _March(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kernel: Kernel, forcing: Tensor, guess: Tensor, start: Tensor, parameters: Tensor):
        members, blocks, steps = forcing.shape[:3]
        stores = forcing.new_empty(members, blocks, steps + 1, len(kernel.stores), LANES)
        stores[:, :, 0] = start
        fluxes = forcing.new_empty(members, blocks, steps, len(kernel.fluxes), LANES)
        call_blocks(kernel.forward, steps, (forcing, guess, parameters, stores, fluxes))
        ctx.kernel = kernel
        ctx.save_for_backward(forcing, guess, parameters, stores)
        return stores, fluxes

    @staticmethod
    def backward(ctx, grad_stores: Tensor, grad_fluxes: Tensor):
        forcing, guess, parameters, stores = ctx.saved_tensors
        grad_stores = grad_stores.contiguous().clone()
        grad_guess = torch.empty_like(guess)
        collected = forcing.new_zeros(*parameters.shape[:3], LANES)
        arrays = (forcing, guess, parameters, stores, grad_stores, grad_fluxes.contiguous(), grad_guess, collected)
        call_blocks(ctx.kernel.backward, forcing.shape[2], arrays)
        given = None if ctx.kernel.closed else grad_guess
        return None, None, given, grad_stores[:, :, 0], collected.sum(3) if ctx.kernel.shared else collected


def march(
    bucket: Bucket, forcing: Forcing, start: Contents, guess: Contents | None = None
) -> tuple[Contents, dict[str, Tensor]]:
    """Integrate a bucket step by step in machine code, differentiably.

    The same numbers as :func:`hydronexus.model.closure.stepwise` to float tolerance, some hundred times as fast.

    Parameters
    ----------
    bucket : Bucket
    forcing : Forcing
        Shapes (member, window, time).
    start : dict of Tensor
        Content of every store before the first step, shape (member, window).
    guess : dict of Tensor, optional
        Content before each step at which the laws are evaluated, shape (member, window, time); the evolving content
        itself (closed loop) if not given.

    Returns
    -------
    stores : dict of Tensor
        Content before the first step and after each, shape (member, window, time + 1) [mm].
    fluxes : dict of Tensor
        Shape (member, window, time) [mm per step].
    """
    members, windows = forcing.precipitation.shape[:2]
    shared = members == 1 or windows > LANES // 4
    parameters = torch.cat([law.flat() for law in bucket.laws.values()], 1)
    if not shared:  # few windows would leave most lanes empty: series of many members side by side, each with its laws
        forcing = forcing.map(lambda x: x.flatten(0, 1)[None])
        start, guess = ({k: v.flatten(0, 1)[None] for k, v in x.items()} if x else None for x in (start, guess))
        parameters = to_lanes(parameters.repeat_interleave(windows, 0)[None]).contiguous()
    kernel = kernel_of(bucket, forcing.precipitation.dtype == torch.float64, guess is None, shared)
    drivers = _lanes([getattr(forcing, name) for name in kernel.drivers])
    guesses = drivers if guess is None else _lanes([guess[name] for name in kernel.stores])
    starts = _lanes([start[name][..., None] for name in kernel.stores])[:, :, 0]
    if shared:
        parameters = parameters[:, None].expand(-1, drivers.shape[1], -1)
    stores, fluxes = _March.apply(kernel, drivers, guesses, starts, parameters)

    def series(blocks: Tensor) -> tuple[Tensor, ...]:
        """(member, block, time, variable, lane) to (member, window, time) for every variable."""
        count = windows if shared else members * windows
        return from_lanes(blocks, count).reshape(members, windows, *blocks.shape[2:4]).unbind(-1)

    return (
        dict(zip(kernel.stores, series(stores), strict=True)),
        dict(zip(kernel.fluxes, series(fluxes), strict=True)),
    )


def _lanes(variables: list[Tensor]) -> Tensor:
    """(member, window, time) each to (member, block, time, variable, lane)."""
    return to_lanes(torch.stack(variables, -1)).contiguous()
