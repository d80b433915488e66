"""Named intermediates for whoever listens: debugging, regression checksums, the "why?" page.

    with collect(("mask", "minutiae")) as seen:
        extract(image)
    seen["mask"]

Nothing is computed when nobody listens: values are given as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_Sink = Callable[[str, Callable[[], Any]], None]
_sink: ContextVar[_Sink | None] = ContextVar("trace_sink", default=None)


def trace(key: str, value: Callable[[], Any]) -> None:
    """Offer an intermediate under a stable `key`; `value` is called only when a listener wants the key."""
    sink = _sink.get()
    if sink is not None:
        sink(key, value)


@contextmanager
def collect(keys: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
    """Collect what is traced in this context; `keys` limits it, None takes all. The last value of a key wins."""
    seen: dict[str, Any] = {}

    def sink(key: str, value: Callable[[], Any]) -> None:
        if keys is None or key in keys:
            seen[key] = value()

    token = _sink.set(sink)
    try:
        yield seen
    finally:
        _sink.reset(token)
