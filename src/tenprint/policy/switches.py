"""What a party file switches, and whose cooperation each switch needs, as data with sources (`switches.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from tenprint.core.errors import RecordError

FILE: Final = "switches.toml"
ACTIVATION, PEERS, PROGRAMME, CONNECTED = "activated_oris", "peers", "programme", "connected_since"
"""Switches that are no settings, or (the last) two settings in one."""
ITSELF: Final = "itself"
NOBODY: Final = "nobody"
STANDINGS: Final = ("confirmed", "unconfirmed")
_NEEDED: Final = frozenset({"name", "says", "whose", "binds", "needs", "source", "standing"})
_ALLOWED: Final = _NEEDED | {"usual", "could_decline", "rule"}


@dataclass(frozen=True)
class Switch:
    """One switch.

    Args:
        name: as in the party file.
        says: what is switched, for people.
        whose: roles of the parties that have it; empty for every party.
        binds: roles of the parties that a change binds.
        needs: roles that must act for it to take effect; ``itself`` for the party that has it.
        source: where this comes from.
        standing: ``confirmed`` or ``unconfirmed``.
        could_decline: roles that could decline, or ``nobody``; empty when the sources do not say.
        rule: id of the programme's rule that says so, or empty.
        usual: what holds when the party file says nothing; None when nothing does.
    """

    name: str
    says: str
    whose: tuple[str, ...]
    binds: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    standing: str
    could_decline: tuple[str, ...] = ()
    rule: str = ""
    usual: bool | str | None = None

    def is_of(self, role: str) -> bool:
        """Tell whether parties of a role have this switch."""
        return not self.whose or role in self.whose


@cache
def all_switches() -> tuple[Switch, ...]:
    """Return all switches, in file order.

    Raises:
        RecordError: ``SWITCHES_INVALID``.
    """
    text = resources.files("tenprint.policy").joinpath(FILE).read_text(encoding="utf-8")
    return read_switches(tomllib.loads(text))


def read_switches(data: dict[str, Any]) -> tuple[Switch, ...]:
    """Return the switches in a parsed file.

    Raises:
        RecordError: ``SWITCHES_INVALID``: something is missing, unknown, named twice or of no standing.
    """
    found: dict[str, Switch] = {}
    for number, row in enumerate(data.get("switches", ()), 1):
        is_whole = row.keys() >= _NEEDED and row.keys() <= _ALLOWED and row["name"] not in found
        if not is_whole or not row["needs"] or not row["source"] or row["standing"] not in STANDINGS:
            raise RecordError("SWITCHES_INVALID", f"{FILE}: switch {number} lacks something or says too much")
        lists = {name: tuple(row.get(name, ())) for name in ("whose", "binds", "needs", "could_decline")}
        found[row["name"]] = Switch(**row | lists)
    return tuple(found.values())
