"""Which fields a redacted file may keep, and what kind of value takes the place of the others (``fields.toml``)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenprint.records.itl.patterns import Pattern, compile_pattern

LONGEST_KEPT = 400
"""Characters of one occurrence that may be kept: a polygon of ninety points has more, and is no structure."""
_FILE = Path(__file__).with_name("fields.toml")


@dataclass(frozen=True)
class FieldClasses:
    """The classes.

    Args:
        kept: what a structural field must match, by tag; a tag that is not here is not structural.
        kinds: of fictitious values, by tag.
        free: structural fields whose pattern a name or a year fits as well; what other fields hold is not kept there.
    """

    kept: Mapping[str, Pattern]
    kinds: Mapping[str, str]
    free: frozenset[str]

    def keeps(self, tag: str, occurrences: list[str]) -> bool:
        """Tell whether a field may stay as it is: it is structural, and looks like it in every occurrence."""
        pattern = self.kept.get(tag)
        return pattern is not None and all(len(o) <= LONGEST_KEPT and pattern.matches(o) for o in occurrences)


@functools.cache
def field_classes() -> FieldClasses:
    """Return the classes of ``fields.toml``."""
    found = tomllib.loads(_FILE.read_text("utf-8"))
    kept = {tag: compile_pattern(entry["pattern"]) for entry in found["kept"] for tag in _tags(entry)}
    kinds = {tag: entry["kind"] for entry in found["fiction"] for tag in _tags(entry)}
    return FieldClasses(kept, kinds, frozenset(t for e in found["kept"] if e.get("free") for t in _tags(e)))


def _tags(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from entry.get("tags", ())
    for kind in entry.get("types", ()):
        for number in entry["fields"]:
            yield f"{kind}.{number:03d}"
