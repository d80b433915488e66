"""Compiling kernels, once and into the cache, with their types kept for the reader and the type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile `function` at its first call; float sums keep their order."""
    return cast("_Function", numba.njit(cache=True, nogil=True)(function))


def unordered_kernel(function: _Function) -> _Function:
    """Compile `function` so that float sums may be taken in any order: only for sums that never round."""
    return cast("_Function", numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})(function))
