"""A whole ANSI/NIST-ITL file: records in order, what was wrong with it, and the bytes it came as."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tenprint.records.itl.impressions import EncodedImage, image_of
from tenprint.records.itl.record import Problem, Record


@dataclass(frozen=True)
class Transaction:
    """What `tenprint.records.read` returns.

    Args:
        records: in file order, Type-1 first; possibly none.
        reading_problems: what the reader noticed about framing and fields.
        rest: bytes behind the last record that could be told apart.
    """

    records: tuple[Record, ...]
    reading_problems: tuple[Problem, ...] = ()
    rest: bytes = b""

    def to_bytes(self) -> bytes:
        """Return exactly the bytes that were read."""
        return b"".join(r.raw for r in self.records) + self.rest

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return everything that is wrong: framing, fields, image headers. Empty for a clean file."""
        return self.reading_problems + self._pictures[1]

    def of_type(self, record_type: int) -> tuple[Record, ...]:
        """Return all records of a type, in order."""
        return tuple(r for r in self.records if r.type == record_type)

    def first(self, record_type: int) -> Record | None:
        """Return the first record of a type, or None."""
        return self._firsts.get(record_type)

    def get(self, tag: str) -> str:
        """Return field `tag` (``"2.018"``) of the first record of its type, ``""`` when either is absent."""
        record = self.first(int(tag.partition(".")[0]))
        return record.get(tag) if record else ""

    def images(self) -> list[EncodedImage]:
        """Return the finger images of Type-4 and Type-14 records whose headers can be used, in file order."""
        return list(self._pictures[0])

    @cached_property
    def _firsts(self) -> dict[int, Record]:
        """The first record of each type."""
        return {record.type: record for record in reversed(self.records)}

    @cached_property
    def _pictures(self) -> tuple[tuple[EncodedImage, ...], tuple[Problem, ...]]:
        native = self.get("1.011")
        found = [image_of(r, native) for r in self.records if r.type in (4, 14)]
        return (
            tuple(f for f in found if isinstance(f, EncodedImage)),
            tuple(f for f in found if isinstance(f, Problem)),
        )

    @property
    def tot(self) -> str:
        """Return 1.004, the type of transaction."""
        return self.get("1.004")

    @property
    def ori(self) -> str:
        """Return 1.008, the originating agency."""
        return self.get("1.008")

    @property
    def dai(self) -> str:
        """Return 1.007, the destination agency."""
        return self.get("1.007")

    @property
    def tcn(self) -> str:
        """Return 1.009, the sender's control number."""
        return self.get("1.009")

    @property
    def tcr(self) -> str:
        """Return 1.010, the control number that is answered."""
        return self.get("1.010")

    @property
    def ver(self) -> str:
        """Return 1.002, the version of the standard."""
        return self.get("1.002")

    @property
    def pry(self) -> str:
        """Return 1.006, the priority as received: ``""`` when absent, see `tenprint.records.itl.ebts`."""
        return self.get("1.006")
