"""One way to compile a kernel: cached on disk, without the interpreter lock, with exact IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Return `function` compiled at its first call.

    Fast-math stays off so that a score is the same number on every run.
    """
    return cast("_Function", njit(cache=True, nogil=True)(function))


def drop_stale_cache(folder: Path, *also: Path) -> bool:
    """Delete the compiled kernels of `folder` if one of its sources, or of `also`, is newer than one of them.

    Numba only watches the file of the kernel that is called, not the files of the kernels that it calls, so after a
    change of source the cache must go as a whole. Does nothing where `NUMBA_CACHE_DIR` puts the cache elsewhere.
    Returns whether anything was deleted.
    """
    compiled = [*(folder / "__pycache__").glob("*.nbi"), *(folder / "__pycache__").glob("*.nbc")]
    newest_source = max(path.stat().st_mtime for path in [*folder.glob("*.py"), *also])
    if not compiled or min(path.stat().st_mtime for path in compiled) >= newest_source:
        return False
    for path in compiled:
        path.unlink(missing_ok=True)
    return True


def _count_ones(_context: Any, word: Any) -> Any:
    """Return signature and code of the processor's population count for one unsigned 64-bit word."""

    def generate(_target: Any, builder: ir.IRBuilder, _signature: Any, arguments: tuple[Any]) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


count_ones = intrinsic(_count_ones)
