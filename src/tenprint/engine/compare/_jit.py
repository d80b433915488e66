"""One way to compile a kernel: cached on disk, without the interpreter lock, with exact IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Return `function` compiled at its first call.

    Fast-math stays off so that a score is the same number on every run. A cached kernel does not notice that a kernel
    of *another* file changed, so kernels that call each other share a file.
    """
    return cast("_Function", njit(cache=True, nogil=True)(function))


def _count_ones(_context: Any, word: Any) -> Any:
    """Return signature and code of the processor's population count for one unsigned 64-bit word."""

    def generate(_target: Any, builder: ir.IRBuilder, _signature: Any, arguments: tuple[Any]) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


count_ones = intrinsic(_count_ones)
