"""Arithmetic on lanes: LLVM vectors that hold one value of many series, with the elementary functions laws need."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import reduce

from llvmlite import ir

LANES = 16  # series that share one instruction; wider or narrower machines split or pad it
ANYWHERE = 4  # bytes of alignment to count on: arrays may come from numpy; on aligned data it costs nothing
INDEX = ir.IntType(64)
_HEAD = round(math.log(2) * 2**15) / 2**15
LN2 = (_HEAD, float(Decimal(2).ln() - Decimal(_HEAD)))  # the first part is so short that its products are exact


class Lanes:
    """Emits vector instructions at the end of a function under construction.

    exp, log1p and what follows from them are short polynomials after exact range reduction (Muller 2016, chapters 4
    and 11), since LLVM has no vector version of its own: 2 units in the last place at most.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    double : bool
        Double precision instead of single.
    """

    def __init__(self, builder: ir.IRBuilder, double: bool):
        self.builder = builder
        self.element: ir.Type = ir.DoubleType() if double else ir.FloatType()
        self.vector = ir.VectorType(self.element, LANES)
        self.suffix = f"v{LANES}f{64 if double else 32}"
        self.bits = ir.VectorType(ir.IntType(64 if double else 32), LANES)
        self.mantissa, self.bias = (52, 1023) if double else (23, 127)
        self.exp_terms, self.log_terms = (14, 11) if double else (8, 5)
        self.largest = 709.0 if double else 88.0

    # ------------------------------------------------------------------ memory and loops

    def constant(self, value: float) -> ir.Constant:
        """The same number in every lane."""
        return ir.Constant(self.vector, [value] * LANES)

    def at(self, pointer: ir.Value, index: ir.Value | int) -> ir.Value:
        """Address of a vector in an array of vectors."""
        return self.builder.gep(pointer, [_index(index)], source_etype=self.vector)

    def place(self, row: ir.Value | int, columns: int, column: ir.Value | int) -> ir.Value:
        """Index into an array of rows."""
        return self.builder.add(self.builder.mul(_index(row), INDEX(columns)), _index(column))

    def load(self, pointer: ir.Value, index: ir.Value | int) -> ir.Value:
        """A vector of an array of vectors."""
        return self.builder.load(self.at(pointer, index), typ=self.vector, align=ANYWHERE)

    def store(self, value: ir.Value, pointer: ir.Value, index: ir.Value | int) -> None:
        """Write a vector into an array of vectors."""
        self.builder.store(value, self.at(pointer, index), align=ANYWHERE)

    def spread(self, pointer: ir.Value, index: ir.Value | int) -> ir.Value:
        """One number of an array of numbers, in every lane."""
        address = self.builder.gep(pointer, [_index(index)], source_etype=self.element)
        scalar = self.builder.load(address, typ=self.element)
        first = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), scalar, _int32(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, ir.Constant(self.vector, ir.Undefined), zeros)

    def array(self, count: int) -> ir.Value:
        """Scratch space for some vectors, allocated once at the function's entry."""
        with self.builder.goto_entry_block():
            space = self.builder.alloca(self.vector, INDEX(count))
            space.align = 64
        return space

    @contextmanager
    def loop(self, count: ir.Value | int, backwards: bool = False) -> Iterator[ir.Value]:
        """Repeat the instructions emitted inside for index 0 to count - 1, at least once; yields the index."""
        builder, count = self.builder, _index(count)
        before = builder.block
        body = builder.append_basic_block()
        after = builder.append_basic_block()
        builder.branch(body)
        builder.position_at_end(body)
        turn = builder.phi(INDEX)
        turn.add_incoming(INDEX(0), before)
        yield builder.sub(builder.sub(count, INDEX(1)), turn) if backwards else turn
        following = builder.add(turn, INDEX(1))
        turn.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, count), body, after)
        builder.position_at_end(after)

    @contextmanager
    def when(self, condition: ir.Value) -> Iterator[None]:
        """Run the instructions emitted inside only if the condition holds."""
        with self.builder.if_then(condition):
            yield

    # ------------------------------------------------------------------ arithmetic

    def add(self, *terms: ir.Value) -> ir.Value:
        """Sum."""
        return reduce(self.builder.fadd, terms)

    def sub(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """Difference."""
        return self.builder.fsub(x, y)

    def mul(self, *factors: ir.Value) -> ir.Value:
        """Product."""
        return reduce(self.builder.fmul, factors)

    def div(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """Quotient."""
        return self.builder.fdiv(x, y)

    def neg(self, x: ir.Value) -> ir.Value:
        """Minus x."""
        return self.builder.fneg(x)

    def fma(self, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
        """x y + z, fused where the machine can."""
        return self._intrinsic("fmuladd", x, y, z)

    def lower(self, x: ir.Value, y: ir.Value) -> ir.Value:
        """The smaller of two; a NaN in x stays."""
        return self.builder.select(self.builder.fcmp_ordered(">", x, y), y, x)

    def where_less(self, x: ir.Value, y: ir.Value, then: ir.Value, otherwise: ir.Value) -> ir.Value:
        """`then` where x < y, else `otherwise`."""
        return self.builder.select(self.builder.fcmp_ordered("<", x, y), then, otherwise)

    def exp(self, x: ir.Value) -> ir.Value:
        """e^x = 2^n e^r with |r| <= ln 2 / 2."""
        builder = self.builder
        x = self.lower(x, self.constant(self.largest))
        x = builder.select(builder.fcmp_ordered("<", x, self.constant(-self.largest)), self.constant(-self.largest), x)
        turns = self._intrinsic("rint", self.mul(x, self.constant(1 / math.log(2))))
        rest = self.fma(turns, self.constant(-LN2[0]), x)
        rest = self.fma(turns, self.constant(-LN2[1]), rest)
        power = self._polynomial(rest, [1 / math.factorial(k) for k in range(self.exp_terms)])
        exponent = builder.add(builder.fptosi(turns, self.bits), self._integer(self.bias))
        return self.mul(power, builder.bitcast(builder.shl(exponent, self._integer(self.mantissa)), self.vector))

    def log1p(self, x: ir.Value) -> ir.Value:
        """log(1 + x) for x >= 0, without loss near zero."""
        builder = self.builder
        whole = self.add(self.constant(1.0), x)
        pattern = builder.bitcast(whole, self.bits)
        root = builder.bitcast(self.constant(math.sqrt(0.5)), self.bits)
        exponent = builder.ashr(builder.sub(pattern, root), self._integer(self.mantissa))
        scaled = builder.bitcast(builder.sub(pattern, builder.shl(exponent, self._integer(self.mantissa))), self.vector)
        above = self.sub(scaled, self.constant(1.0))
        ratio = self.div(above, self.add(above, self.constant(2.0)))
        series = self._polynomial(self.mul(ratio, ratio), [2 / (2 * k + 1) for k in range(self.log_terms)])
        turns = builder.sitofp(exponent, self.vector)
        lost = self.div(self.sub(x, self.sub(whole, self.constant(1.0))), whole)  # what rounding 1 + x has dropped
        return self.fma(turns, self.constant(math.log(2)), self.fma(ratio, series, lost))

    def sigmoid(self, x: ir.Value) -> ir.Value:
        """1 / (1 + e^-x)."""
        return self.div(self.constant(1.0), self.add(self.constant(1.0), self.exp(self.neg(x))))

    def tanh(self, x: ir.Value) -> ir.Value:
        """1 - 2 / (e^2x + 1)."""
        doubled = self.exp(self.add(x, x))
        return self.sub(self.constant(1.0), self.div(self.constant(2.0), self.add(doubled, self.constant(1.0))))

    def softplus(self, x: ir.Value) -> ir.Value:
        """log(1 + e^x)."""
        zero = self.constant(0.0)
        down = self.lower(x, self.neg(x))
        return self.add(self.sub(x, self.lower(x, zero)), self.log1p(self.exp(down)))

    def _polynomial(self, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
        value = self.constant(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            value = self.fma(value, x, self.constant(coefficient))
        return value

    def _integer(self, value: int) -> ir.Constant:
        return ir.Constant(self.bits, [value] * LANES)

    def _intrinsic(self, name: str, *arguments: ir.Value) -> ir.Value:
        module, full = self.builder.module, f"llvm.{name}.{self.suffix}"
        kind = ir.FunctionType(self.vector, [self.vector] * len(arguments))
        function = module.globals.get(full) or ir.Function(module, kind, full)
        return self.builder.call(function, arguments)


def _index(value: ir.Value | int) -> ir.Value:
    return INDEX(value) if isinstance(value, int) else value


def _int32(value: int) -> ir.Constant:
    return ir.IntType(32)(value)
