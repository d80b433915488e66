"""What a role sees of decoded fields and of facts: the access rules' masks, put over values that pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tenprint.policy.access import Mask, Visible
from tenprint.web.decoding import Decoded, Section, Shown

See = Callable[[Mapping[str, Any]], Visible]
"""`Desk.visible` for one person: fields in, fields as that person's role sees them out."""


def masked(content: Decoded, see: See) -> tuple[Decoded, Visible]:
    """Return a body as a role sees it, and which masks there are; their `fields` are empty."""
    masks: dict[str, Mask] = {}
    is_applied = False
    sections = []
    for section in content.sections:
        fields: list[Shown] = []
        for field in section.fields:
            seen, value = _seen(field.key, field.value, see)
            masks.update({mask.id: mask for mask in seen.masks})
            is_applied = is_applied or (bool(seen.masks) and seen.is_applied)
            fields.append(replace(field, value=value))
        sections.append(Section(section.title, tuple(fields)))
    return Decoded(tuple(sections), content.problems), Visible({}, tuple(masks.values()), is_applied=is_applied)


def masked_values(values: Iterable[tuple[str, str]], see: See) -> tuple[list[str], Visible]:
    """Return named values as a role sees them, in their order, and which masks there are."""
    masks: dict[str, Mask] = {}
    is_applied = False
    shown = []
    for name, value in values:
        seen, text = _seen(name, value, see)
        masks.update({mask.id: mask for mask in seen.masks})
        is_applied = is_applied or (bool(seen.masks) and seen.is_applied)
        shown.append(text)
    return shown, Visible({}, tuple(masks.values()), is_applied=is_applied)


def _seen(key: str, value: str, see: See) -> tuple[Visible, str]:
    """Return a value under a name such as ``record.name``: rules may speak of a name inside something else."""
    names = key.split(".") if not key[:1].isdigit() else [key]
    nested: Any = value
    for name in reversed(names):
        nested = {name: nested}
    seen = see(nested)
    inside: Any = seen.fields
    for name in names:
        inside = inside[name]
    return seen, str(inside)
