"""Faults of the program: in a party that is a process of its own, one stays with the row at which it happens.

An exception that is none of our error families is a bug. Where the party shares its process with whoever looks for bugs
(tests, studies, the demo), it propagates. Where the party is a process of its own (`Node.contains_faults`), ending it
would let one message from a peer stop the party for good: every start would meet it again. There it becomes a
`ProgramFault`, which a row's retries and its dead letter know what to do with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from tenprint.core.errors import StorageError, TenprintError
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.failures import PROGRAM_FAULT
from tenprint.exchange.model.observing import Event
from tenprint.exchange.ports import Node

ROWS_TOLD = 5
"""Of the calls that led to a fault, the last ones are told."""


class ProgramFault(StorageError):
    """A bug of ours, met at a row or a stage of a party's work.

    It is of the operator's family, because the next move is the operator's: update the program, and try again. So it
    is tried as often as any other error of that family before a row is given up: what looks like a bug may be a
    shortage that passes (threads, open files), and must not make a dead letter of every message that meets it.

    Args:
        problem: the exception. Its text is kept nowhere: it may hold what somebody is called.
    """

    def __init__(self, problem: Exception) -> None:
        super().__init__(
            PROGRAM_FAULT,
            f"a fault of the program ({type(problem).__name__})",
            hint="report the log's lines program_fault; after an update: tenprint network revive",
        )
        self.error = type(problem).__name__
        self.where = where_of(problem)
        self.is_told = False


def where_of(problem: BaseException) -> tuple[str, ...]:
    """Return the last calls that led to an exception as ``module:function:line``, the innermost one last."""
    calls = walk_tb(problem.__traceback__)
    rows = [f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_name}:{line}" for frame, line in calls]
    return tuple(rows[-ROWS_TOLD:])


@contextmanager
def contained(node: Node, *passing: type[Exception], families: type[TenprintError] = TenprintError) -> Iterator[None]:
    """Turn a bug inside the block into a `ProgramFault`, where the node contains faults.

    KeyboardInterrupt, SystemExit and MemoryError propagate everywhere: no row is to blame for them.

    Args:
        node: whose work.
        passing: exceptions that mean something to the caller.
        families: errors of ours that mean something to the caller; another one that comes so far is a bug.

    Raises:
        ProgramFault: what was met.
    """
    known: tuple[type[Exception], ...] = (MemoryError, families, *passing)
    try:
        yield
    except known:
        raise
    except Exception as problem:
        if not node.contains_faults:
            raise
        raise ProgramFault(problem) from problem


def tell_fault(node: Node, problem: TenprintError, about: Envelope | None = None, **more: str) -> None:
    """Tell the observer where a fault of the program was, once; of another error nothing.

    Args:
        node: whose.
        problem: what was met.
        about: the message at which it was met, where it is at hand.
        more: as `Node.note` has it.
    """
    if isinstance(problem, ProgramFault) and not problem.is_told:
        problem.is_told = True
        node.note(Event.PROGRAM_FAULT, about, code=problem.code, error=problem.error, where=problem.where, **more)
