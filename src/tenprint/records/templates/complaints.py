"""Collecting what is wrong with a template file, or refusing at the first of it."""

from __future__ import annotations

from tenprint.core.errors import RecordError
from tenprint.records.itl.record import Problem
from tenprint.records.templates.record import MAX_PROBLEMS

HEADER = "TEMPLATE_HEADER"
LENGTH = "TEMPLATE_LENGTH"
VIEW = "TEMPLATE_VIEW"
MINUTIA = "TEMPLATE_MINUTIA"
UNWRITABLE = "TEMPLATE_UNWRITABLE"


class Complaints:
    """Problems in the order in which they were noticed.

    Args:
        strict: raise at the first.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self.problems: list[Problem] = []

    def add(self, code: str, message: str, offset: int) -> None:
        """Note a problem.

        Raises:
            RecordError: when strict.
        """
        if self._strict:
            raise refusal(code, message, offset)
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, message, offset))


def refusal(code: str, message: str, offset: int) -> RecordError:
    """Return the error that says what is wrong and at which byte."""
    return RecordError(code, f"{message} (byte {offset})")
