"""From LLVM instructions to functions that can be called, and from series to lanes and back."""

import contextlib
import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from llvmlite import binding, ir
from torch import Tensor
from torch.nn import functional

from hydronexus.model.lanes import INDEX, LANES, Lanes


def new_function(module: ir.Module, name: str, pointers: int, double: bool) -> tuple[Lanes, tuple[ir.Argument, ...]]:
    """A function of a number of steps and some arrays that do not overlap; returns its lanes and arguments."""
    kind = ir.FunctionType(ir.VoidType(), [INDEX] + [ir.PointerType()] * pointers)
    function = ir.Function(module, kind, name)
    for argument in function.args[1:]:
        argument.add_attribute("noalias")
    return Lanes(ir.IRBuilder(function.append_basic_block("entry")), double), function.args


class MachineCode:
    """The one function of a module, optimised for the processor at hand; call it as (steps, addresses of arrays).

    It does not hold the interpreter's lock while it runs.

    Parameters
    ----------
    module : llvmlite.ir.Module
        With one function of :func:`new_function`.
    """

    def __init__(self, module: ir.Module):
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        machine = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3
        )
        module.triple, module.data_layout = binding.get_default_triple(), str(machine.target_data)
        (function,) = (f for f in module.functions if not f.is_declaration)
        parsed = binding.parse_assembly(str(module))
        parsed.verify()
        passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
        passes.getModulePassManager().run(parsed, passes)
        self._engine = binding.create_mcjit_compiler(parsed, machine)  # owns the code: it lives as long as this
        self._engine.finalize_object()
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (len(function.args) - 1))
        self._function = kind(self._engine.get_function_address(function.name))

    def __call__(self, steps: int, *addresses: int) -> None:
        self._function(steps, *addresses)


def call_blocks(function: Callable[..., None], steps: int, arrays: tuple[Tensor, ...]) -> None:
    """Call a function for every block of every member, on as many threads as torch may use.

    Parameters
    ----------
    arrays : tuple of Tensor
        Shape (member, block, ...), contiguous from the third axis on.
    """

    def call(place: tuple[int, int]) -> None:
        function(steps, *[array[place].data_ptr() for array in arrays])

    members, blocks = arrays[0].shape[:2]
    places = [(member, block) for member in range(members) for block in range(blocks)]
    if torch.get_num_threads() == 1:
        for place in places:
            call(place)
    else:
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            list(pool.map(call, places))


def keep_memory() -> None:
    """Tell the C library to keep freed memory for reuse.

    By default glibc hands arrays of megabytes back to the system and takes them again, page by page, at every step of
    a training: up to a third of its time. Other C libraries are left as they are.
    """
    trim, largest = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(largest, 32 * 1024**2)  # the most it accepts
        library.mallopt(trim, 2**31 - 1)


def to_lanes(series: Tensor) -> Tensor:
    """(member, window, ...) to (member, block, ..., lane), padded with zeros; not yet contiguous."""
    missing = -series.shape[1] % LANES
    if missing:
        series = functional.pad(series, [0, 0] * (series.dim() - 2) + [0, missing])
    return series.unflatten(1, (-1, LANES)).movedim(2, -1)


def from_lanes(blocks: Tensor, windows: int) -> Tensor:
    """The way back: (member, block, ..., lane) to (member, window, ...)."""
    return blocks.movedim(-1, 2).flatten(1, 2)[:, :windows]
