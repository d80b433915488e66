"""What a party's process says when a fault ends it: what and where, and nothing of what it worked on."""

from __future__ import annotations

from typing import Any

from tenprint.core.errors import TenprintError
from tenprint.exchange.dispatch.faults import where_of

CAUSES_TOLD = 3


def told_of(problem: BaseException) -> dict[str, Any]:
    """Return a fault as fields of a log: its code, what caused it, and where it was.

    An error's sentence stays out of it: it may hold what somebody is called or was asked.
    """
    causes: list[str] = []
    cause = problem.__cause__
    while cause is not None and len(causes) < CAUSES_TOLD:
        causes.append(_code(cause))
        cause = cause.__cause__
    more = {"cause": causes} if causes else {}
    return {"code": _code(problem), **more, "where": list(where_of(problem))}


def _code(problem: BaseException) -> str:
    return problem.code if isinstance(problem, TenprintError) else type(problem).__name__
