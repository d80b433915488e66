"""Which fields of a person's data a role sees in full, masked, or not at all. Pure; the table is `access.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tenprint.policy.access.tables import FieldClass, house_tables

HIDDEN: Final = "not shown to your role"
SHORTEST_NUMBER: Final = 6
"""Characters; of a shorter number the last three would tell too much."""


@dataclass(frozen=True)
class Mask:
    """Something that a role does not see in full.

    Args:
        id: class of the fields, which is the rule's id too.
        title: what it is, for people.
        is_hidden: nothing of it is shown; else a part.
        why: one sentence.
        version: of the table, with the beginning of its digest.
    """

    id: str
    title: str
    is_hidden: bool
    why: str
    version: str


@dataclass(frozen=True)
class Visible:
    """Fields as a role sees them.

    Args:
        fields: same names and same structure as given; values of hidden fields say `HIDDEN`.
        masks: what was changed, or would be outside of a demo.
        is_applied: False in a demo, where the fields are as given.
    """

    fields: dict[str, Any]
    masks: tuple[Mask, ...]
    is_applied: bool = True


def masked(role: str, fields: Mapping[str, Any], parent: str = "") -> Visible:
    """Return fields as a role sees them. A name that is in no class is no data of a person and stays.

    Args:
        role: an `OfficialRole`; one that is not known sees no classed field at all.
        fields: JSON-able, nested as they like; names are compared without case.
        parent: name of what the fields stand in.
    """
    found: dict[str, FieldClass] = {}
    shown = {name: _seen(role, name, value, parent, found) for name, value in fields.items()}
    stamp = house_tables().stamp
    masks = (Mask(c.id, c.title, role not in c.masked, c.why, stamp) for c in found.values())
    return Visible(shown, tuple(sorted(masks, key=lambda mask: mask.id)))


def _seen(role: str, name: str, value: Any, parent: str, found: dict[str, FieldClass]) -> Any:
    entry = house_tables().field_class(name, parent)
    if entry is None:
        if isinstance(value, Mapping):
            return {inner: _seen(role, inner, item, name, found) for inner, item in value.items()}
        if isinstance(value, list | tuple):
            return [_seen(role, name, item, parent, found) for item in value]
        return value
    if role in entry.full:
        return value
    found[entry.id] = entry
    return _each(value, _HOW[entry.mask] if role in entry.masked else _hidden)


def _each(value: Any, how: Callable[[str], str]) -> Any:
    """Return a value with every text and number in it replaced; its structure stays."""
    if isinstance(value, Mapping):
        return {name: _each(item, how) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each(item, how) for item in value]
    return how("" if value is None else str(value))


def _hidden(text: str) -> str:
    del text
    return HIDDEN


def _initials(text: str) -> str:
    return " ".join(f"{part[0]}." for part in re.split(r"[\s,;]+", text) if part) or HIDDEN


def _year(text: str) -> str:
    return text[:4] if re.match(r"\d{4}", text) else HIDDEN


def _last_three(text: str) -> str:
    return f"…{text[-3:]}" if len(text) >= SHORTEST_NUMBER else HIDDEN


_HOW: Final[Mapping[str, Callable[[str], str]]] = {
    "initials": _initials,
    "year": _year,
    "last_three": _last_three,
    "hidden": _hidden,
}
