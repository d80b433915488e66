"""A message's decoded fields as a role sees them; what is masked there is not given out as bytes either."""

from __future__ import annotations

from dataclasses import replace

from tenprint.policy.access import Visible
from tenprint.web.decoding import Decoded
from tenprint.web.desk import Desk
from tenprint.web.masking import masked
from tenprint.web.sessions import Session

BYTES_KEPT_BACK = (
    "Fields of this message are masked for your role, or it cannot be decoded: its bytes are not given out."
)


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
