"""A file that somebody drops on the validation desk, for people: its records, fields, images, and what is wrong.

Nothing of a file is kept: what is shown is made from its bytes and forgotten with the answer.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenprint.core.errors import SenderError, TenprintError
from tenprint.records.image_headers import announced
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.description import FieldShown, RecordShown, describe, rule_of
from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.itl.pictures import Picture, pictures_of
from tenprint.records.itl.reader import read
from tenprint.records.itl.table_model import Table
from tenprint.records.itl.tables import load_table, packaged_tables
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import EDITION, load_profile, validate

if TYPE_CHECKING:
    from tenprint.records.images import CodecPool

MAX_PARTS, MAX_LINES, MAX_LINES_OF_RECORD, MAX_VALUE = 120, 3_000, 400, 400
"""Records, fields, and fields of one record that a page shows, and characters of a value; a hostile file must not fill
it."""
MAX_OCCURRENCES, MAX_ITEMS, MAX_SUBFIELDS = 12, 40, 20_000
"""Subfields of a field and items of a subfield that are shown (minutiae come by the hundred); subfields of a file."""
MAX_CHARACTERS = 500_000
"""Of all values of a page."""
MAX_THUMBNAILS, THUMBNAIL_PIXELS = 24, 220
MAX_DECODED_BYTES = 96_000_000
"""Of pixels of all images of a file that are decoded for the page; a card of 1000 ppi has some 50 million."""
TOO_MANY_IMAGES = "Only the first images are shown here, as far as they are not too large together."
SEPARATED = ", "
FIRST_PROFILE = EDITION
"""The one of the exchange is offered first."""


@dataclass(frozen=True)
class Told:
    """A finding with its place on the page and the rule that spoke.

    Args:
        finding: as it was made.
        place: in words, such as ``record 2, 2.018 NAM, second``.
        href: of the field on this page, ``""`` when it is not shown.
        rule_href: of the rule.
    """

    finding: Finding
    place: str
    href: str
    rule_href: str

    @property
    def is_error(self) -> bool:
        """Tell whether it means rejection."""
        return self.finding.severity == ERROR


@dataclass(frozen=True)
class Line:
    """One field: its anchor (``""`` for a second one of the same tag), what it is, its values as text, findings.

    Args:
        left_out: values that are not shown.
    """

    anchor: str
    field: FieldShown
    values: tuple[str, ...]
    left_out: int
    findings: tuple[Told, ...]


@dataclass(frozen=True)
class Part:
    """One record: anchor, title, first byte and length, its fields, findings on the record, and its image.

    Args:
        thumbnail: address of a small picture that holds the picture itself (``data:``), or ``""``.
        picture: what is declared about the image, in words, or ``""``.
        trouble: why the image is not shown, or ``""``.
    """

    anchor: str
    title: str
    offset: int
    size: int
    lines: tuple[Line, ...]
    findings: tuple[Told, ...]
    thumbnail: str = ""
    picture: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class FileView:
    """What the desk says about a file.

    Args:
        size: bytes.
        head: what the header says: name in words and value.
        profile: by which it was judged.
        findings: all, errors first.
        records: how many the file has.
        parts: those that are shown.
        left_out: sentences on what the page does not show.
    """

    size: int
    head: tuple[tuple[str, str], ...]
    profile: Table
    findings: tuple[Told, ...]
    records: int
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @property
    def errors(self) -> int:
        """Return how many findings mean rejection."""
        return sum(told.is_error for told in self.findings)


def profile_named(name: str) -> Table:
    """Return a packaged profile; a path is none.

    Raises:
        SenderError: ``PROFILE_UNKNOWN``.
    """
    if name not in packaged_tables():
        known = ", ".join(packaged_tables())
        raise SenderError("PROFILE_UNKNOWN", "there is no such profile", field="profile", hint=f"one of {known}")
    return load_profile(name)


def profiles() -> tuple[Table, ...]:
    """Return the packaged profiles, the exchange's own first."""
    names = sorted(packaged_tables(), key=lambda name: (name != FIRST_PROFILE, name))
    return tuple(load_profile(name) for name in names)


def check(data: bytes, profile: Table, codec: CodecPool) -> FileView:
    """Return what is in a file and what is wrong with it; any bytes can be looked at.

    Args:
        data: the file.
        profile: to judge by.
        codec: processes that decode images.
    """
    transaction = read(data)
    standard = load_table(STANDARD)
    few = replace(transaction, records=transaction.records[:MAX_PARTS])
    described = describe(few, profile, standard, most=MAX_SUBFIELDS)
    records = _shortened(described)
    shown = {(record.index, field.tag) for record in records for field in record.fields}
    shown |= {(record.index, "") for record in records}
    findings = tuple(_told(finding, profile, shown) for finding in validate(transaction, profile=profile))
    by_place: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for told in findings:
        by_place[told.finding.record, told.finding.field].append(told)
    pictures = _pictures(few, codec)
    room = _Room(MAX_CHARACTERS)
    parts = tuple(_part(record, by_place, pictures.get(record.index), room) for record in records)
    count = len(transaction.records)
    return FileView(
        len(data), _head(transaction), profile, findings, count, parts, _left_out(transaction, described, records)
    )


@dataclass
class _Room:
    """How many characters of values a page may still show."""

    characters: int

    def take(self, text: str) -> str:
        """Return a value, shortened when it is long or the page is full."""
        most = min(MAX_VALUE, max(self.characters, 0))
        self.characters -= min(len(text), most)
        return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _shortened(records: Sequence[RecordShown]) -> tuple[RecordShown, ...]:
    """Return the records with so many fields as a page shows."""
    shortened, left = [], MAX_LINES
    for record in records:
        fields = record.fields[: min(left, MAX_LINES_OF_RECORD)]
        left -= len(fields)
        shortened.append(replace(record, fields=fields))
    return tuple(shortened)


def _head(transaction: Transaction) -> tuple[tuple[str, str], ...]:
    named = (
        ("Type of transaction", transaction.tot),
        ("From", transaction.ori),
        ("To", transaction.dai),
        ("Control number", transaction.tcn),
        ("Version of the standard", transaction.ver),
    )
    return tuple((name, text[:MAX_VALUE]) for name, text in named if text)


def _told(finding: Finding, profile: Table, shown: set[tuple[int, str]]) -> Told:
    record = f"record {finding.record}" if finding.record >= 0 else "the file"
    found = rule_of(finding.field, (profile, load_table(STANDARD)))
    field = f"{finding.field} {found[0].mnemonic if found else ''}".strip()
    nth = f"occurrence {finding.occurrence}" if finding.occurrence > 1 else ""
    place = ", ".join(part for part in (record, field, finding.item, nth) if part)
    tags = (tag for tag in (finding.field, "") if (finding.record, tag) in shown)
    href = next((f"#{_anchor(finding.record, tag)}" for tag in tags), "")
    return Told(finding, place, href, _rule_href(finding, profile))


def _rule_href(finding: Finding, profile: Table) -> str:
    page = f"/check/rules/{profile.name}"
    if any(relation.name == finding.rule for relation in profile.relations):
        return f"{page}#rule-{finding.rule}"
    return f"{page}#field-{finding.field}" if finding.field in profile.fields else page


def _anchor(record: int, tag: str) -> str:
    return f"record-{record}" + (f"-{tag}" if tag else "")


def _part(
    record: RecordShown,
    by_place: Mapping[tuple[int, str], Sequence[Told]],
    picture: tuple[Picture, str, str] | None,
    room: _Room,
) -> Part:
    lines: list[Line] = []
    here: set[str] = set()
    for field in record.fields:
        is_first = field.tag not in here
        here.add(field.tag)
        values = tuple(room.take(_value(field, items)) for items in field.values[:MAX_OCCURRENCES])
        left_out = len(field.values) - len(values) + field.left_out
        told = tuple(by_place.get((record.index, field.tag), ())) if is_first else ()
        anchor = _anchor(record.index, field.tag) if is_first else ""
        lines.append(Line(anchor, field, values or (f"{field.size} bytes",), left_out, told))
    others = [told for (index, tag), told in by_place.items() if index == record.index and tag not in here]
    found, thumbnail, trouble = picture or (None, "", "")
    return Part(
        anchor=_anchor(record.index, ""),
        title=f"Type-{record.type}" + (f", IDC {record.idc}" if record.idc >= 0 else ""),
        offset=record.offset,
        size=record.size,
        lines=tuple(lines),
        findings=tuple(told for some in others for told in some),
        thumbnail=thumbnail,
        picture=room.take(found.sentence) if found else "",
        trouble=trouble,
    )


def _value(field: FieldShown, items: Sequence[str]) -> str:
    """Return a subfield as text: its only item, or its items with their mnemonics."""
    if len(items) == 1 and not field.items:
        return items[0]
    names = [*field.items, *(str(number) for number in range(len(field.items) + 1, len(items) + 1))]
    told = (f"{name} {item}" for name, item in zip(names, items[:MAX_ITEMS], strict=False) if item)
    return SEPARATED.join(told)


def _pictures(transaction: Transaction, codec: CodecPool) -> dict[int, tuple[Picture, str, str]]:
    """Return images by record: what is declared, a small picture of the first ones, or why there is none."""
    found = list(pictures_of(transaction, load_table(STANDARD)))
    decoded = list(itertools.accumulate(map(_decoded_bytes, found)))
    most = min(MAX_THUMBNAILS, sum(size <= MAX_DECODED_BYTES for size in decoded))
    small = codec.each(lambda picture: _thumbnail(picture, codec), found[:most])
    unseen = [("", TOO_MANY_IMAGES)] * (len(found) - len(small))
    return {picture.record: (picture, *seen) for picture, seen in zip(found, [*small, *unseen], strict=True)}


def _decoded_bytes(picture: Picture) -> int:
    """Return how much an image takes once it is decoded, as its data announces it; raw pixels are what they are."""
    data = announced(picture.data)
    if data is None:
        return len(picture.data)
    return max(data.width, 0) * max(data.height, 0) * max(1, (data.depth + 7) // 8)


def _thumbnail(picture: Picture, codec: CodecPool) -> tuple[str, str]:
    from PIL import Image  # noqa: PLC0415 - heavy

    from tenprint.records.images.pictures import decode_picture  # noqa: PLC0415 - loads Pillow

    try:
        image = Image.fromarray(decode_picture(picture, codec))
    except TenprintError as problem:
        return "", f"The image cannot be shown: {problem.message} ({problem.code})."
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    out = io.BytesIO()
    image.save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}", ""


def _left_out(
    transaction: Transaction, described: Sequence[RecordShown], shown: Sequence[RecordShown]
) -> tuple[str, ...]:
    sentences = []
    if len(transaction.records) > len(shown):
        sentences.append(f"{len(transaction.records) - len(shown)} more records are not shown here.")
    fields = sum(len(record.fields) for record in described) - sum(len(record.fields) for record in shown)
    if fields:
        sentences.append(f"{fields} more fields are not shown here.")
    if transaction.rest:
        sentences.append(f"{len(transaction.rest)} bytes at the end belong to no record.")
    return tuple(sentences)
