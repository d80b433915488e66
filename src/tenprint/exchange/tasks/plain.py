"""Text that fits records of printable ASCII: accents go, what has no plain form becomes a question mark."""

from __future__ import annotations

import unicodedata


def plain_text(text: str, longest: int, *, shortest: int = 0) -> str:
    """Return `text` as printable 7-bit ASCII of at most `longest` characters, filled with ``?`` up to `shortest`."""
    parts = unicodedata.normalize("NFKD", text)
    kept = (c if " " <= c <= "~" else "?" for c in parts if not unicodedata.combining(c))
    return "".join(kept).strip()[:longest].strip().ljust(shortest, "?")
