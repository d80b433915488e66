"""A file that somebody drops on the validation desk, for people: its records, fields, images, and what is wrong.

Nothing of a file is kept: what is shown is made from its bytes and forgotten with the answer.
"""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenprint.core.errors import SenderError, TenprintError
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.itl.pictures import Picture, pictures_of
from tenprint.records.itl.reader import read
from tenprint.records.itl.record import DATA_FIELD, Record
from tenprint.records.itl.record_view import RecordView, views_of
from tenprint.records.itl.table_model import FieldRule, Table
from tenprint.records.itl.tables import load_table, packaged_tables
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import load_profile, validate

if TYPE_CHECKING:
    from tenprint.records.images import CodecPool

MAX_LINES, MAX_PARTS, MAX_VALUE = 2_000, 200, 400
"""Fields and records that a page shows, and characters of a value; a hostile file must not fill it."""
MAX_OCCURRENCES = 12
"""Subfields of a field that are shown; minutiae come by the hundred."""
MAX_THUMBNAILS, THUMBNAIL_PIXELS = 24, 220
SEPARATED = ", "
FIRST_PROFILE = "ebts-8.001"


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
    """One field: its anchor (``""`` for a second one of the same tag), tag, mnemonic, title, values, findings."""

    anchor: str
    tag: str
    mnemonic: str
    title: str
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
        parts: the records.
        left_out: sentences on what the page does not show.
    """

    size: int
    head: tuple[tuple[str, str], ...]
    profile: Table
    findings: tuple[Told, ...]
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
    views = views_of(transaction.records[:MAX_PARTS])
    shown = {(view.index, number) for view in views for number in (0, *view.fields)}
    findings = tuple(_told(finding, profile, shown) for finding in validate(transaction, profile=profile))
    by_place: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for told in findings:
        by_place[told.finding.record, told.finding.field].append(told)
    pictures = _pictures(transaction, codec)
    parts, left = [], MAX_LINES
    for view in views:
        part = _part(view, profile, by_place, pictures.get(view.index), left)
        left -= len(part.lines)
        parts.append(part)
    return FileView(len(data), _head(transaction), profile, findings, tuple(parts), _left_out(transaction, parts))


def _head(transaction: Transaction) -> tuple[tuple[str, str], ...]:
    named = (
        ("Type of transaction", transaction.tot),
        ("From", transaction.ori),
        ("To", transaction.dai),
        ("Control number", transaction.tcn),
        ("Version of the standard", transaction.ver),
    )
    return tuple((name, text[:MAX_VALUE]) for name, text in named if text)


def _told(finding: Finding, profile: Table, shown: set[tuple[int, int]]) -> Told:
    number = finding.field.partition(".")[2]
    key = (finding.record, int(number) if number.isdecimal() else 0)
    record = f"record {finding.record}" if finding.record >= 0 else "the file"
    rule = _rule_of(finding.field, profile)
    field = f"{finding.field} {rule.mnemonic if rule else ''}".strip()
    nth = f"occurrence {finding.occurrence}" if finding.occurrence > 1 else ""
    place = ", ".join(part for part in (record, field, finding.item, nth) if part)
    href = f"#{_anchor(finding.record, finding.field if key in shown else '')}" if (key[0], 0) in shown else ""
    return Told(finding, place, href, _rule_href(finding, profile))


def _rule_href(finding: Finding, profile: Table) -> str:
    page = f"/check/rules/{profile.name}"
    if any(relation.name == finding.rule for relation in profile.relations):
        return f"{page}#rule-{finding.rule}"
    return f"{page}#field-{finding.field}" if finding.field in profile.fields else page


def _rule_of(tag: str, profile: Table) -> FieldRule | None:
    return profile.fields.get(tag) or load_table(STANDARD).fields.get(tag)


def _anchor(record: int, tag: str) -> str:
    return f"record-{record}" + (f"-{tag}" if tag else "")


def _part(
    view: RecordView,
    profile: Table,
    by_place: Mapping[tuple[int, str], Sequence[Told]],
    picture: tuple[Picture, str, str] | None,
    left: int,
) -> Part:
    lines = []
    for number, occurrences in list(view.fields.items())[: max(left, 0)]:
        tag = f"{view.type}.{number:03d}"
        rule = _rule_of(tag, profile)
        values = tuple(_cut(one.text.replace("\x1f", SEPARATED)) for one in occurrences[:MAX_OCCURRENCES])
        lines.append(
            Line(
                anchor=_anchor(view.index, tag),
                tag=tag,
                mnemonic=rule.mnemonic if rule else "",
                title=rule.title if rule else "not in this table",
                values=(f"{len(view.record.data)} bytes",) if number == DATA_FIELD else values,
                left_out=len(occurrences) - len(values),
                findings=tuple(by_place.get((view.index, tag), ())),
            )
        )
    here = {line.tag for line in lines}
    others = [told for (index, tag), told in by_place.items() if index == view.index and tag not in here]
    found, thumbnail, trouble = picture or (None, "", "")
    return Part(
        anchor=_anchor(view.index, ""),
        title=_title(view.record),
        offset=view.record.offset,
        size=len(view.record.raw),
        lines=tuple(lines),
        findings=tuple(told for some in others for told in some),
        thumbnail=thumbnail,
        picture=_in_words(found) if found else "",
        trouble=trouble,
    )


def _title(record: Record) -> str:
    return f"Type-{record.type}" + (f", IDC {record.idc}" if record.idc >= 0 else "")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… ({len(text)} characters)"


def _in_words(picture: Picture) -> str:
    size = f"{picture.width}x{picture.height}" if min(picture.width, picture.height) > 0 else "size not declared"
    ppi = f"{picture.ppi} pixels an inch" if picture.ppi > 0 else ""
    known = (picture.shows, picture.impression, size, ppi, picture.compression, f"{len(picture.data)} bytes")
    return _cut(", ".join(part for part in known if part))


def _pictures(transaction: Transaction, codec: CodecPool) -> dict[int, tuple[Picture, str, str]]:
    """Return images by record: what is declared, a small picture of the first ones, or why there is none."""
    found = list(pictures_of(transaction, load_table(STANDARD)))
    small = codec.each(lambda picture: _thumbnail(picture, codec), found[:MAX_THUMBNAILS])
    unseen = [("", f"Only the first {MAX_THUMBNAILS} images are shown.")] * (len(found) - len(small))
    return {picture.record: (picture, *seen) for picture, seen in zip(found, [*small, *unseen], strict=True)}


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


def _left_out(transaction: Transaction, parts: Sequence[Part]) -> tuple[str, ...]:
    sentences = []
    if len(transaction.records) > len(parts):
        sentences.append(f"{len(transaction.records) - len(parts)} more records are not shown here.")
    if sum(len(part.lines) for part in parts) >= MAX_LINES:
        sentences.append(f"Only the first {MAX_LINES} fields are shown here.")
    if transaction.rest:
        sentences.append(f"{len(transaction.rest)} bytes at the end belong to no record.")
    return tuple(sentences)
