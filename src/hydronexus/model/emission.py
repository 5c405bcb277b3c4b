"""Instructions for a traced step and for its vector-Jacobian product: one rule per function, one for a law."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from llvmlite import ir
from torch import fx
from torch.nn import functional

from hydronexus.model.lanes import INDEX, Lanes

UNROLLED = 24  # terms of a sum that are written out

Emit = Callable[..., ir.Value]


@dataclass(frozen=True)
class Rule:
    """How a function is emitted, and the gradients of its arguments.

    Parameters
    ----------
    value : callable
        From lanes and arguments to the result.
    gradients : callable
        From lanes, gradient of the result, result and arguments to one gradient per argument.
    """

    value: Emit
    gradients: Callable[..., tuple[ir.Value | None, ...]]


def _quotient_gradients(lanes: Lanes, grad: ir.Value, value: ir.Value, _, divisor: ir.Value):
    share = lanes.div(grad, divisor)
    return share, lanes.neg(lanes.mul(share, value))


def _minimum_gradients(lanes: Lanes, grad: ir.Value, _, x: ir.Value, y: ir.Value):
    one, half, zero = (lanes.constant(c) for c in (1.0, 0.5, 0.0))
    share = lanes.where_less(x, y, one, lanes.where_less(y, x, zero, half))  # ties are shared, as torch does
    return lanes.mul(grad, share), lanes.mul(grad, lanes.sub(one, share))


RULES: dict[Any, Rule] = {
    operator.add: Rule(Lanes.add, lambda lanes, grad, value, x, y: (grad, grad)),
    operator.sub: Rule(Lanes.sub, lambda lanes, grad, value, x, y: (grad, lanes.neg(grad))),
    operator.mul: Rule(Lanes.mul, lambda lanes, grad, value, x, y: (lanes.mul(grad, y), lanes.mul(grad, x))),
    operator.truediv: Rule(Lanes.div, _quotient_gradients),
    operator.neg: Rule(Lanes.neg, lambda lanes, grad, value, x: (lanes.neg(grad),)),
    torch.exp: Rule(Lanes.exp, lambda lanes, grad, value, x: (lanes.mul(grad, value),)),
    torch.log1p: Rule(
        Lanes.log1p, lambda lanes, grad, value, x: (lanes.div(grad, lanes.add(lanes.constant(1.0), x)),)
    ),
    torch.sigmoid: Rule(
        Lanes.sigmoid,
        lambda lanes, grad, value, x: (lanes.mul(grad, value, lanes.sub(lanes.constant(1.0), value)),),
    ),
    functional.softplus: Rule(
        Lanes.softplus, lambda lanes, grad, value, x: (lanes.mul(grad, lanes.sigmoid(x)),)
    ),
    torch.minimum: Rule(Lanes.lower, _minimum_gradients),
    torch.clamp: Rule(
        Lanes.lower,
        lambda lanes, grad, value, x, most: (lanes.where_less(most, x, lanes.constant(0.0), grad), None),
    ),
    torch.zeros_like: Rule(lambda lanes, x: lanes.constant(0.0), lambda *_: (None,)),
}  # fmt: skip


class Record:
    """A law at the current step: what it read and its hidden layers, kept for its adjoint."""

    def __init__(self, lanes: Lanes, sizes: tuple[int, ...], offset: int):
        self.lanes = lanes
        self.sizes = sizes
        self.weights, self.biases = _offsets(sizes, offset)
        self.layers = [lanes.array(size) for size in sizes]

    def forward(self, parameter: Emit, inputs: Sequence[ir.Value]) -> tuple[ir.Value, ...]:
        """Emit the law; returns its outputs."""
        lanes = self.lanes
        for index, value in enumerate(inputs):
            lanes.store(value, self.layers[0], index)
        for layer in range(len(self.sizes) - 1):
            rows, columns = self.sizes[layer : layer + 2]
            source, target = self.layers[layer : layer + 2]
            with lanes.loop(columns) as column:
                total = _sum(
                    lanes,
                    rows,
                    parameter(lanes.place(1, self.biases[layer], column)),
                    lambda row, total, source=source, column=column, layer=layer, columns=columns: lanes.fma(
                        parameter(_entry(lanes, self.weights[layer], row, columns, column)),
                        lanes.load(source, row),
                        total,
                    ),
                )
                lanes.store(total if layer == len(self.sizes) - 2 else lanes.tanh(total), target, column)
        return tuple(lanes.load(self.layers[-1], index) for index in range(self.sizes[-1]))

    def backward(self, parameter: Emit, collected: ir.Value, grads: Sequence[ir.Value]) -> tuple[ir.Value, ...]:
        """Emit the adjoint: adds to the collected gradients of the parameters; returns those of the inputs."""
        lanes = self.lanes
        one = lanes.constant(1.0)
        upper = lanes.array(self.sizes[-1])
        for index, value in enumerate(grads):
            lanes.store(value, upper, index)
        for layer in reversed(range(len(self.sizes) - 1)):
            rows, columns = self.sizes[layer : layer + 2]
            lower = lanes.array(rows)
            with lanes.loop(columns) as column:
                place = lanes.place(1, self.biases[layer], column)
                lanes.store(lanes.add(lanes.load(collected, place), lanes.load(upper, column)), collected, place)
            with lanes.loop(rows) as row:
                content = lanes.load(self.layers[layer], row)

                def term(column, total, row=row, content=content, layer=layer, columns=columns, upper=upper):
                    grad = lanes.load(upper, column)
                    place = _entry(lanes, self.weights[layer], row, columns, column)
                    lanes.store(lanes.fma(content, grad, lanes.load(collected, place)), collected, place)
                    return lanes.fma(parameter(place), grad, total)

                total = _sum(lanes, columns, lanes.constant(0.0), term)
                if layer:
                    total = lanes.mul(total, lanes.sub(one, lanes.mul(content, content)))
                lanes.store(total, lower, row)
            upper = lower
        return tuple(lanes.load(upper, index) for index in range(self.sizes[0]))


def _offsets(sizes: tuple[int, ...], offset: int) -> tuple[list[int], list[int]]:
    """Where the weights and biases of every layer begin, in the order of the law's own parameters."""
    weights, biases = [], []
    for rows, columns in pairwise(sizes):
        weights.append(offset)
        offset += rows * columns
    for columns in sizes[1:]:
        biases.append(offset)
        offset += columns
    return weights, biases


def _sum(lanes: Lanes, count: int, start: ir.Value, term: Callable[[Any, ir.Value], ir.Value]) -> ir.Value:
    if count <= UNROLLED:
        for index in range(count):
            start = term(index, start)
        return start
    total = lanes.array(1)
    lanes.store(start, total, 0)
    with lanes.loop(count) as index:
        lanes.store(term(index, lanes.load(total, 0)), total, 0)
    return lanes.load(total, 0)


def _entry(lanes: Lanes, offset: int, row: Any, columns: int, column: Any) -> ir.Value:
    return lanes.builder.add(INDEX(offset), lanes.place(row, columns, column))


class Emission:
    """Values of a traced step, node by node, and gradients in reverse.

    Parameters
    ----------
    lanes : Lanes
    graph : torch.fx.Graph
        Traced step; its placeholders are arrays that are read entry by entry.
    laws : dict
        Layer sizes and first parameter of every law, by its name in the graph.
    parameter : callable
        Reads a parameter by its index.
    """

    def __init__(self, lanes: Lanes, graph: fx.Graph, laws: dict[str, tuple[tuple[int, ...], int]], parameter: Emit):
        self.lanes = lanes
        self.graph = graph
        self.parameter = parameter
        self.records = {name: Record(lanes, *shape) for name, shape in laws.items()}
        self.values: dict[fx.Node, Any] = {}

    def forward(self, read: Callable[[str, Any], ir.Value]) -> Any:
        """Emit the step; `read` gives an entry of a placeholder. Returns the values of the graph's output."""
        for node in self.graph.nodes:
            match node.op:
                case "call_module":
                    inputs = [self.values[argument] for argument in node.args]
                    self.values[node] = self.records[node.target].forward(self.parameter, inputs)
                case "call_function" if node.target is operator.getitem:
                    source, key = node.args
                    entries = source.op == "placeholder"
                    self.values[node] = read(source.target, key) if entries else self.values[source][key]
                case "call_function":
                    self.values[node] = RULES[node.target].value(self.lanes, *self._arguments(node))
                case "output":
                    return fx.map_arg(node.args[0], self.values.__getitem__)
        raise ValueError("the traced step has no output")

    def backward(self, seeds: dict[fx.Node, ir.Value], collected: ir.Value) -> dict[tuple[str, Any], ir.Value]:
        """Emit the adjoint of the step from gradients of some nodes; returns those of the placeholders' entries."""
        lanes = self.lanes
        grads: dict[fx.Node, Any] = {}
        entries: dict[tuple[str, Any], ir.Value] = {}

        def give(target: dict, key: Any, grad: ir.Value) -> None:
            target[key] = lanes.add(target[key], grad) if key in target else grad

        for node, grad in seeds.items():
            give(grads, node, grad)
        for node in reversed(self.graph.nodes):
            if node not in grads:
                continue
            grad = grads.pop(node)
            if node.op == "call_module":
                zero = lanes.constant(0.0)
                record = self.records[node.target]
                outputs = [grad.get(index, zero) for index in range(record.sizes[-1])]
                for argument, value in zip(node.args, record.backward(self.parameter, collected, outputs), strict=True):
                    give(grads, argument, value)
            elif node.target is operator.getitem:
                source, key = node.args
                if source.op == "placeholder":
                    give(entries, (source.target, key), grad)
                else:
                    give(grads.setdefault(source, {}), key, grad)
            else:
                arguments = [*node.args, *node.kwargs.values()]
                given = RULES[node.target].gradients(lanes, grad, self.values[node], *self._arguments(node))
                for argument, value in zip(arguments, given, strict=True):
                    if isinstance(argument, fx.Node) and value is not None:
                        give(grads, argument, value)
        return entries

    def _arguments(self, node: fx.Node) -> list[ir.Value]:
        arguments = [*node.args, *node.kwargs.values()]
        return [self.values[a] if isinstance(a, fx.Node) else self.lanes.constant(float(a)) for a in arguments]
