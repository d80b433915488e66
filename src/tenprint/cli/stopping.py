"""How a command that started processes or a server is stopped: SIGTERM as Ctrl-C, and it cleans up undisturbed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does; what comes after the first of either is not heard.

    A signal that whoever started the command has it ignore stays ignored.
    """
    before = {number: signal.getsignal(number) for number in STOPS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - as the system calls it
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)  # a second one would stop the cleaning up
    raise KeyboardInterrupt
