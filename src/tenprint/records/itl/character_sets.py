"""Which characters the bytes of a field stand for: 1.015 DCS, directory of character sets (ITL 1-2011, Table 4).

Type-1 is always 7-bit ASCII. The other records follow what it declares; without 1.015 they are ASCII too. Files in the
wild declare nothing and hold UTF-8 or Latin-1, so text is always read, whatever is declared; whether it keeps to the
declaration is judged elsewhere (`tenprint.records.itl.file_rules`).
"""

from __future__ import annotations

from enum import IntEnum


class CharacterSet(IntEnum):
    """A character set by its index in 1.015."""

    ASCII = 0
    LATIN_1 = 1
    UTF_16 = 2
    UTF_8 = 3
    UTF_32 = 4

    @property
    def codec(self) -> str:
        """Return Python's name; two and four bytes a character come with the highest byte first."""
        return _CODECS[self]


_CODECS = {
    CharacterSet.ASCII: "ascii",
    CharacterSet.LATIN_1: "latin-1",
    CharacterSet.UTF_16: "utf-16-be",
    CharacterSet.UTF_8: "utf-8",
    CharacterSet.UTF_32: "utf-32-be",
}
BYTE_ORDER_MARK = "\ufeff"
WRITABLE = (CharacterSet.ASCII, CharacterSet.LATIN_1, CharacterSet.UTF_8)
"""What the writer writes: with two or four bytes a character a separator could not be told from a part of a letter."""
# Names of their own: every field of every file asks for them, and an enumeration takes its time to give a member.
_LATIN_1 = CharacterSet.LATIN_1
_AS_UTF_8 = (CharacterSet.ASCII, CharacterSet.UTF_8)


def character_set_of(index: str) -> CharacterSet | None:
    """Return the set with this index (the first item of 1.015: ``3`` or ``003``), None when it is none of ours."""
    text = index.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= len("003")):
        return None
    return CharacterSet(int(text)) if int(text) in CharacterSet.__members__.values() else None


def decode_text(value: bytes, declared: CharacterSet | None = None) -> str:
    """Return field bytes as text; always works.

    Args:
        value: the bytes, separators excluded.
        declared: by the file. Latin-1 is taken at its word. Two or four bytes a character are, where the bytes are such
            text and no plain ASCII (digits, dates and codes stay ASCII in practice). Everything else is UTF-8 when it
            can be, else Latin-1.
    """
    if declared is not None and declared not in _AS_UTF_8:
        if declared == _LATIN_1:
            return value.decode("latin-1")
        if not _is_plain(value):
            try:
                return value.decode(declared.codec).removeprefix(BYTE_ORDER_MARK)
            except UnicodeDecodeError:
                pass
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _is_plain(value: bytes) -> bool:
    return value.isascii() and b"\0" not in value
