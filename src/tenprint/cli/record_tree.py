"""A transaction as a tree for a terminal: records, fields, what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from tenprint.cli.output import plain

if TYPE_CHECKING:
    from tenprint.records.itl.description import FieldShown, Noticed, RecordShown
    from tenprint.records.itl.pictures import Picture

LONGEST_VALUE = 60
"""Characters shown of one value, unless all is asked for."""
MOST_OCCURRENCES, MOST_FIELDS = 4, 60


def tree_of(
    title: str,
    records: Sequence[RecordShown],
    pictures: Iterable[Picture],
    problems: Iterable[Noticed],
    *,
    whole: bool = False,
) -> Tree:
    """Return the tree.

    Args:
        title: of the file.
        records: as `describe` gives them.
        pictures: the images; each is shown with its record.
        problems: those of no record are shown with the file.
        whole: show values, occurrences and fields without shortening.
    """
    tree = Tree(Text(plain(title), "bold"))
    shown = {picture.record: picture for picture in pictures}
    for problem in problems:
        if problem.record < 0:
            tree.add(_wrong(problem))
    for record in records:
        _add_record(tree, record, shown.get(record.index), whole=whole)
    return tree


def _add_record(tree: Tree, record: RecordShown, picture: Picture | None, *, whole: bool) -> None:
    idc = f", IDC {record.idc}" if record.idc >= 0 else ""
    cut = "" if record.complete else ", cut short"
    branch = tree.add(Text(f"Type-{record.type}{idc}: {record.size} bytes{cut}", "bold"))
    if picture is not None:
        branch.add(Text(plain(f"image: {picture.sentence}"), "cyan"))
    left = list(record.noticed)
    fields = record.fields if whole else record.fields[:MOST_FIELDS]
    for field in fields:
        node = branch.add(_field(field, whole=whole))
        mine = [n for n in left if n.field == field.tag]
        left = [n for n in left if n not in mine]
        for problem in mine:
            node.add(_wrong(problem))
        if _subfields(field) > 1:
            _add_occurrences(node, field, whole=whole)
    if len(record.fields) > len(fields):
        branch.add(Text(f"{len(record.fields) - len(fields)} fields more", "dim"))
    for problem in left:
        branch.add(_wrong(problem))


def _field(field: FieldShown, *, whole: bool) -> Text:
    line = Text.assemble((field.tag, "green"), " ", (field.mnemonic, "bold"), f" {field.title}".rstrip(), ": ")
    if not field.values:
        return line.append(f"{field.size} bytes of data" if field.size else "no data", "dim")
    if _subfields(field) > 1:
        return line.append(f"{_subfields(field)} subfields", "dim")
    line.append(_value(field, field.values[0], whole=whole))
    if field.words:
        line.append(f"  ({plain(field.words)})", "dim")
    return line


def _add_occurrences(node: Tree, field: FieldShown, *, whole: bool) -> None:
    shown = field.values if whole else field.values[:MOST_OCCURRENCES]
    for number, items in enumerate(shown, 1):
        node.add(Text(f"#{number} {_value(field, items, whole=whole)}"))
    more = _subfields(field) - len(shown)
    if more:
        node.add(Text(f"{more} subfields more", "dim"))


def _subfields(field: FieldShown) -> int:
    """Return how many subfields a field has, with those that were not taken into its values."""
    return len(field.values) + field.left_out


def _value(field: FieldShown, items: Sequence[str], *, whole: bool) -> str:
    """Return a subfield: its only item, or its items with their mnemonics."""
    if len(items) == 1 and not field.items:
        return _short(items[0], whole=whole)
    most = len(items) if whole else 2 * MOST_OCCURRENCES
    names = [*field.items, *(str(n + 1) for n in range(len(field.items), len(items)))]
    told = [f"{name} {_short(item, whole=whole)}" for name, item in zip(names, items, strict=False) if item]
    return ", ".join(told[:most]) + (f", {len(told) - most} items more" if len(told) > most else "")


def _short(text: str, *, whole: bool) -> str:
    if whole or len(text) <= LONGEST_VALUE:
        return plain(text)
    return f"{plain(text[:LONGEST_VALUE])}… ({len(text)} characters)"


def _wrong(problem: Noticed) -> Text:
    place = f" (byte {problem.offset})" if problem.offset is not None else ""
    return Text(f"{problem.code} {plain(problem.message)}{place}", "bold red")
