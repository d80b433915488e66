"""Messages and ledger entries as a role sees them; what is masked there is not given out as bytes either."""

from __future__ import annotations

from dataclasses import replace

from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.tasks.spread import DISPOSITION_ENTRY
from tenprint.ledger.entry import Entry
from tenprint.policy.access import Mask, Visible
from tenprint.web.decoding import Decoded, answer_key
from tenprint.web.desk import Desk
from tenprint.web.masking import masked
from tenprint.web.sessions import Session

BYTES_KEPT_BACK = (
    "Fields of this message are masked for your role, or it cannot be decoded: its bytes are not given out."
)
ANSWERS = frozenset({"task_answered", "task_closed"})
"""Kinds of entries that say what somebody answered; the kind of the task is their note."""


class Sight:
    """How a role sees what stands on ledgers; `story.line_of` takes it.

    Args:
        desk: knows whether this is a demo, where nothing is masked.
        seat: who looks.
    """

    def __init__(self, desk: Desk, seat: Session) -> None:
        self._desk, self._seat = desk, seat
        self._masks: dict[str, Mask] = {}

    def __call__(self, text: dict[str, str]) -> dict[str, str]:
        """Return an entry's fields with what this role does not see replaced; a reason without its answer goes."""
        hidden = self._hidden(text)
        seen = text | hidden
        if {"outcome", "reason"} <= hidden.keys():
            del seen["reason"]
        return seen

    def entry(self, entry: Entry) -> Entry:
        """Return an entry without values and salts that this role does not see; its proof still verifies."""
        hidden = self._hidden({name: str(value) for name, value in entry.fields.items()})
        fields = {name: value for name, value in entry.fields.items() if name not in hidden}
        return replace(entry, fields=fields, salts={name: entry.salts[name] for name in fields})

    @property
    def visible(self) -> Visible:
        """Return what was masked so far, or would be outside of a demo."""
        masks = sorted(self._masks.values(), key=lambda mask: mask.id)
        return Visible({}, tuple(masks), is_applied=not self._desk.tells_whole_story)

    def _hidden(self, text: dict[str, str]) -> dict[str, str]:
        """Return what stands instead of each field that this role does not see."""
        # What a court says of a charge stands on others' ledgers as the clerk's answer does on the court's own.
        asked = TaskKind.DISPOSE if text.get("kind") == DISPOSITION_ENTRY else text.get("note", "")
        if text.get("kind") not in (*ANSWERS, DISPOSITION_ENTRY):
            return {}
        inside, _, _ = answer_key(asked, "").rpartition(".")
        seen = self._desk.visible(self._seat, {inside: text})
        self._masks.update({mask.id: mask for mask in seen.masks})
        return {name: value for name, value in seen.fields[inside].items() if value != text[name]}


def seen_content(desk: Desk, seat: Session, content: Decoded) -> tuple[Decoded, Visible]:
    """Return decoded fields with what a role does not see replaced, and what that is.

    Args:
        desk: knows whether this is a demo, where nothing is masked.
        seat: who looks.
        content: all of it.
    """
    shown, seen = masked(content, lambda fields: desk.visible(seat, fields))
    return shown, replace(seen, is_applied=not desk.tells_whole_story)


def gives_bytes(content: Decoded, seen: Visible) -> bool:
    """Tell whether somebody who sees the content like this may have the bytes: not when a field in them is masked.

    What cannot be decoded may hold anything, so that its bytes are given out in a demo only.
    """
    return not seen.is_applied or (bool(content.sections) and not seen.masks)
