"""The encoder compiled for the CPU: LSTM, head and their adjoint in one pass over time each way."""

from functools import cached_property, lru_cache

import torch
from llvmlite import ir
from torch import Tensor

from hydronexus.model.lanes import INDEX, LANES, Lanes
from hydronexus.model.machine import MachineCode, call_blocks, from_lanes, new_function, to_lanes

BLOCK = 4  # steps whose gradients of the weights are collected together, to spare trips to memory


class _Kernel:
    """Machine code for one size and precision.

    Arrays are (time, variable, lane). Weights come as one array: rows of inputs, hidden units and a bias by columns of
    gates (input, forget, cell, output); then rows of hidden units and a bias by columns of proposals.
    """

    def __init__(self, features: int, hidden: int, proposals: int, double: bool):
        self.features, self.hidden, self.proposals, self.double = features, hidden, proposals, double
        self.reads = features + hidden
        self.head = (self.reads + 1) * 4 * hidden  # where the head's weights begin
        self.weights = self.head + (hidden + 1) * proposals

    def _weight(self, lanes: Lanes, row: ir.Value | int, column: ir.Value | int) -> ir.Value:
        return lanes.place(row, 4 * self.hidden, column)

    def _head_weight(self, lanes: Lanes, row: ir.Value | int, column: int) -> ir.Value:
        return lanes.builder.add(INDEX(self.head), lanes.place(row, self.proposals, column))

    @cached_property
    def forward(self) -> MachineCode:
        """Fill hidden units, cells, gates and proposals."""
        module = ir.Module(name="encoder")
        arguments = new_function(module, "forward", 6, self.double)
        lanes, (steps, inputs, weights, hidden, cell, gates, proposals) = arguments
        size = self.hidden
        with lanes.loop(size) as unit:
            lanes.store(lanes.constant(0.0), hidden, unit)
            lanes.store(lanes.constant(0.0), cell, unit)
        with lanes.loop(steps) as time:
            after = lanes.builder.add(time, INDEX(1))
            with lanes.loop(size) as unit:
                columns = [lanes.place(gate, size, unit) for gate in range(4)]
                totals = [lanes.spread(weights, self._weight(lanes, self.reads, column)) for column in columns]
                for index in range(self.reads):
                    value = self._read(lanes, inputs, hidden, time, index)
                    totals = [
                        lanes.fma(lanes.spread(weights, self._weight(lanes, index, column)), value, total)
                        for column, total in zip(columns, totals, strict=True)
                    ]
                enter, keep, show = (lanes.sigmoid(totals[gate]) for gate in (0, 1, 3))
                new = lanes.tanh(totals[2])
                before = lanes.load(cell, lanes.place(time, size, unit))
                content = lanes.fma(keep, before, lanes.mul(enter, new))
                lanes.store(content, cell, lanes.place(after, size, unit))
                lanes.store(lanes.mul(show, lanes.tanh(content)), hidden, lanes.place(after, size, unit))
                for column, value in zip(columns, (enter, keep, new, show), strict=True):
                    lanes.store(value, gates, lanes.place(time, 4 * size, column))
            for index in range(self.proposals):
                total = lanes.spread(weights, self._head_weight(lanes, size, index))
                for unit in range(size):
                    value = lanes.load(hidden, lanes.place(after, size, unit))
                    total = lanes.fma(lanes.spread(weights, self._head_weight(lanes, unit, index)), value, total)
                lanes.store(lanes.softplus(total), proposals, lanes.place(time, self.proposals, index))
        lanes.builder.ret_void()
        return MachineCode(module)

    def _read(self, lanes: Lanes, inputs: ir.Value, hidden: ir.Value, time: ir.Value, index: int) -> ir.Value:
        """What the gates read: inputs, then the hidden units before the step."""
        if index < self.features:
            return lanes.load(inputs, lanes.place(time, self.features, index))
        return lanes.load(hidden, lanes.place(time, self.hidden, index - self.features))

    @cached_property
    def backward(self) -> MachineCode:
        """Add to the collected gradients of the weights; compiled apart, since a simulation needs none."""
        module = ir.Module(name="encoder")
        arguments = new_function(module, "backward", 8, self.double)
        lanes, (steps, inputs, weights, hidden, cell, gates, proposals, given, collected) = arguments
        size, zero, one = self.hidden, lanes.constant(0.0), lanes.constant(1.0)
        hidden_carry, cell_carry = lanes.array(size), lanes.array(size)
        pulls = lanes.array(BLOCK * 4 * size)
        for array, count in ((hidden_carry, size), (cell_carry, size), (pulls, BLOCK * 4 * size)):
            with lanes.loop(count) as index:
                lanes.store(zero, array, index)
        with lanes.loop(steps, backwards=True) as time:
            after = lanes.builder.add(time, INDEX(1))
            place_in_block = lanes.builder.urem(time, INDEX(BLOCK))
            heads = []
            for index in range(self.proposals):
                place = lanes.place(time, self.proposals, index)
                # The slope of softplus, 1 - exp(-softplus), from its value.
                slope = lanes.sub(one, lanes.exp(lanes.neg(lanes.load(proposals, place))))
                heads.append(lanes.mul(lanes.load(given, place), slope))
                self._collect(lanes, collected, self._head_weight(lanes, size, index), [(one, heads[-1])])
            with lanes.loop(size) as unit:
                columns = [lanes.place(gate, size, unit) for gate in range(4)]
                enter, keep, new, show = (lanes.load(gates, lanes.place(time, 4 * size, c)) for c in columns)
                seen = lanes.tanh(lanes.load(cell, lanes.place(after, size, unit)))
                shown = lanes.load(hidden, lanes.place(after, size, unit))
                pull = lanes.load(hidden_carry, unit)
                for index, head in enumerate(heads):
                    weight = self._head_weight(lanes, unit, index)
                    pull = lanes.fma(lanes.spread(weights, weight), head, pull)
                    self._collect(lanes, collected, weight, [(shown, head)])
                content = lanes.fma(
                    lanes.mul(pull, show), lanes.sub(one, lanes.mul(seen, seen)), lanes.load(cell_carry, unit)
                )
                lanes.store(lanes.mul(content, keep), cell_carry, unit)
                before = lanes.load(cell, lanes.place(time, size, unit))
                slopes = (
                    lanes.mul(content, new, enter, lanes.sub(one, enter)),
                    lanes.mul(content, before, keep, lanes.sub(one, keep)),
                    lanes.mul(content, enter, lanes.sub(one, lanes.mul(new, new))),
                    lanes.mul(pull, seen, show, lanes.sub(one, show)),
                )
                for column, value in zip(columns, slopes, strict=True):
                    lanes.store(value, pulls, lanes.place(place_in_block, 4 * size, column))
            with lanes.loop(size) as unit:
                row = lanes.builder.add(unit, INDEX(self.features))
                totals = [zero, zero]  # two sums, or every addition would wait for the one before
                for column in range(4 * size):
                    value = lanes.load(pulls, lanes.place(place_in_block, 4 * size, column))
                    weight = lanes.spread(weights, self._weight(lanes, row, column))
                    totals[column % 2] = lanes.fma(weight, value, totals[column % 2])
                lanes.store(lanes.add(*totals), hidden_carry, unit)
            with lanes.when(lanes.builder.icmp_unsigned("==", place_in_block, INDEX(0))):
                self._collect_block(lanes, steps, time, inputs, hidden, pulls, collected)
        lanes.builder.ret_void()
        return MachineCode(module)

    def _collect_block(self, lanes: Lanes, steps, first, inputs, hidden, pulls, collected) -> None:
        """Add what the steps of a block give to the gradients of the gates' weights."""
        last = lanes.builder.sub(steps, INDEX(1))
        times = []
        for offset in range(BLOCK):  # beyond the last step pulls are zero, and what is read does not matter
            time = lanes.builder.add(first, INDEX(offset))
            times.append(lanes.builder.select(lanes.builder.icmp_signed("<", time, last), time, last))

        def collect(row: ir.Value, values: list[ir.Value]) -> None:
            with lanes.loop(4 * self.hidden) as column:
                pairs = [
                    (value, lanes.load(pulls, lanes.place(offset, 4 * self.hidden, column)))
                    for offset, value in enumerate(values)
                ]
                self._collect(lanes, collected, self._weight(lanes, row, column), pairs)

        with lanes.loop(self.features) as index:
            collect(index, [lanes.load(inputs, lanes.place(time, self.features, index)) for time in times])
        with lanes.loop(self.hidden) as unit:
            row = lanes.builder.add(unit, INDEX(self.features))
            collect(row, [lanes.load(hidden, lanes.place(time, self.hidden, unit)) for time in times])
        collect(INDEX(self.reads), [lanes.constant(1.0)] * BLOCK)

    @staticmethod
    def _collect(lanes: Lanes, collected: ir.Value, place: ir.Value, pairs: list[tuple[ir.Value, ir.Value]]) -> None:
        total = lanes.load(collected, place)
        for value, grad in pairs:
            total = lanes.fma(value, grad, total)
        lanes.store(total, collected, place)


@lru_cache
def _kernel(features: int, hidden: int, proposals: int, double: bool) -> _Kernel:
    return _Kernel(features, hidden, proposals, double)


class _Propose(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kernel: _Kernel, inputs: Tensor, weights: Tensor) -> Tensor:
        members, blocks, steps = inputs.shape[:3]
        shared = weights[:, None].expand(-1, blocks, -1)
        hidden, cell = (inputs.new_empty(members, blocks, steps + 1, kernel.hidden, LANES) for _ in range(2))
        gates = inputs.new_empty(members, blocks, steps, 4 * kernel.hidden, LANES)
        proposals = inputs.new_empty(members, blocks, steps, kernel.proposals, LANES)
        call_blocks(kernel.forward, steps, (inputs, shared, hidden, cell, gates, proposals))
        ctx.kernel = kernel
        ctx.save_for_backward(inputs, weights, hidden, cell, gates, proposals)
        return proposals

    @staticmethod
    def backward(ctx, grad: Tensor):
        inputs, weights, hidden, cell, gates, proposals = ctx.saved_tensors
        shared = weights[:, None].expand(-1, inputs.shape[1], -1)
        collected = inputs.new_zeros(*inputs.shape[:2], weights.shape[1], LANES)
        arrays = (inputs, shared, hidden, cell, gates, proposals, grad.contiguous(), collected)
        call_blocks(ctx.kernel.backward, inputs.shape[2], arrays)
        return None, None, collected.sum((1, 3))


def propose(features: Tensor, gates: Tensor, head: Tensor) -> Tensor:
    """Softplus of a linear head on an LSTM, from a zero state; gradients for the weights alone.

    Parameters
    ----------
    features : Tensor
        Shape (member, window, time, feature).
    gates : Tensor
        Weights of features, hidden units and bias, shape (member, feature + hidden + 1, 4 hidden).
    head : Tensor
        Weights of hidden units and bias, shape (member, hidden + 1, proposal).

    Returns
    -------
    Tensor
        Shape (member, window, time, proposal).
    """
    kernel = _kernel(features.shape[3], head.shape[1] - 1, head.shape[2], features.dtype == torch.float64)
    weights = torch.cat([gates.flatten(1), head.flatten(1)], 1)
    blocks = _Propose.apply(kernel, to_lanes(features).contiguous(), weights)
    return from_lanes(blocks, features.shape[1])
