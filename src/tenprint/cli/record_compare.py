"""`tenprint records roundtrip` and `diff`: is a file written again the same, and what differs between two."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_PROFILE, EXIT_FOUND, EXIT_UNREADABLE, Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.cli.record_files import (
    Files,
    Name,
    each_file,
    files_of,
    read_transaction,
    short,
    summary,
)
from tenprint.core.errors import TenprintError

if TYPE_CHECKING:
    from tenprint.records import Transaction
    from tenprint.records.images import CodecPool
    from tenprint.records.itl.comparing import Difference
    from tenprint.records.itl.pictures import Picture
    from tenprint.records.itl.table_model import Table

LONGEST_VALUE = 40
"""Characters of a value that the table of differences shows."""
MOST_ROWS = 500
"""Differences that the table shows; JSON has them all."""
DIGEST_DIGITS = 12


def roundtrip(files: Files, name: Name = "*", json: Json = False) -> None:
    """Read files, write them again from their parts, and compare byte by byte.

    Exit code 0: all the same. 1: one differs; the first byte that does is told. 2: a file cannot be read.
    """
    from tenprint.records.itl.rebuilding import first_difference, rebuilt

    def step(path: Path) -> tuple[int, int, int, int]:
        transaction = read_transaction(path)
        data = transaction.to_bytes()
        again = rebuilt(transaction)
        return first_difference(data, again), len(data), len(again), len(transaction.problems)

    done, refused = each_file(files_of(files, name), step, title="files")
    different = [(path, *row) for path, row in done if row[0] >= 0]
    if json:
        keys = ("first_difference", "bytes", "bytes_written", "problems")
        print_json(
            {
                "files": [{"file": str(path), **dict(zip(keys, row, strict=True))} for path, row in done],
                "same": len(done) - len(different),
                "different": len(different),
                "unreadable": refused,
            }
        )
    else:
        if different:
            columns = ("file", "first byte that differs", "bytes read", "bytes written", "problems in reading")
            print_table("Files that differ", columns, [(short(path), *rest) for path, *rest in different])
        counts = [
            (len(done) - len(different), "files the same"),
            (len(different), "different"),
            (refused, "unreadable"),
        ]
        console.print(summary(counts), markup=False)
    if refused:
        raise typer.Exit(EXIT_UNREADABLE)
    if different:
        raise typer.Exit(EXIT_FOUND)


def diff(
    one: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file.")],
    other: Annotated[Path, typer.Argument(help="The file to compare with.")],
    profile: Annotated[str, typer.Option(help="Profile that names the fields.")] = DEFAULT_PROFILE,
    pixels: Annotated[bool, typer.Option(help="Decode images that differ and compare their pixels.")] = True,
    json: Json = False,
) -> None:
    """Show how two transactions differ: records, fields, items and images.

    Records are matched by type and IDC, then by order. Exit code 0: the same. 1: they differ. 2: one cannot be read.
    """
    from tenprint.records.itl.comparing import differences, matched
    from tenprint.records.itl.conformance import STANDARD
    from tenprint.records.itl.description import describe
    from tenprint.records.itl.pictures import pictures_of
    from tenprint.records.itl.rebuilding import first_difference
    from tenprint.records.itl.tables import load_table
    from tenprint.records.itl.validation import load_profile

    table, standard = load_profile(profile), load_table(STANDARD)
    left, right = read_transaction(one), read_transaction(other)
    shown = describe(left, table, standard), describe(right, table, standard)
    fields = differences(*shown, (left.records, right.records))
    pictures = [{p.record: p for p in pictures_of(t, standard)} for t in (left, right)]
    pairs = [(pictures[0].get(a), pictures[1].get(b)) for a, b in matched(*shown)]
    changed = [(a, b) for a, b in pairs if a and b and a.data != b.data]
    images = _compared(changed, decode=pixels) if changed else []
    images += _other_data(left, right, [(a, b) for a, b in matched(*shown) if min(a, b) >= 0], pictures)
    at = first_difference(left.to_bytes(), right.to_bytes())
    if json:
        print_json({"same": at < 0, "first_byte": at, "fields": [asdict(d) for d in fields], "images": images})
    else:
        _print_differences(fields, images, table, at)
    if at >= 0:
        raise typer.Exit(EXIT_FOUND)


def _compared(changed: list[tuple[Picture, Picture]], *, decode: bool) -> list[dict[str, Any]]:
    """Return how images that are not the same bytes differ."""
    from tenprint.records.images import CodecPool

    with CodecPool() as pool:
        return pool.each(lambda pair: _of_images(*pair, pool if decode else None), changed)


def _of_images(one: Picture, other: Picture, pool: CodecPool | None) -> dict[str, Any]:
    from tenprint.records.images.pictures import decode_picture, difference

    row = {"type": one.type, "idc": one.idc, "left": _image(one), "right": _image(other), "pixels": "not compared"}
    if pool is None:
        return row
    try:
        found = difference(decode_picture(one, pool), decode_picture(other, pool))
    except TenprintError as problem:
        return row | {"pixels": f"{problem.code} {problem.message}"}
    if found is None:
        return row | {"pixels": "other size"}
    share, mean, largest = found
    told = f"{share:.2%} differ, by {mean:.2f} on average, {largest} at most" if largest else "the same"
    return row | {"pixels": told, "share": share, "mean": mean, "largest": largest}


def _image(picture: Picture) -> str:
    return f"{picture.width}x{picture.height} {picture.compression or 'unknown'} {_digest(picture.data)}"


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return f"{len(data)} bytes {sha256(data).hexdigest()[:DIGEST_DIGITS]}"


def _other_data(
    left: Transaction, right: Transaction, pairs: list[tuple[int, int]], pictures: list[dict[int, Picture]]
) -> list[dict[str, Any]]:
    """Return where data differ that are no image, such as a template of another format."""
    found = []
    for a, b in pairs:
        one, other = left.records[a].data, right.records[b].data
        if one != other and not (a in pictures[0] and b in pictures[1]):
            record = left.records[a]
            row = {"type": record.type, "idc": record.idc, "left": _digest(one), "right": _digest(other)}
            found.append(row | {"pixels": "no image"})
    return found


def _print_differences(fields: list[Difference], images: list[dict[str, Any]], table: Table, at: int) -> None:
    from tenprint.records.itl.conformance import STANDARD
    from tenprint.records.itl.description import rule_of
    from tenprint.records.itl.tables import load_table

    if at < 0:
        console.print("The files are the same, byte by byte.")
        return
    rows = []
    for d in fields[:MOST_ROWS]:
        rule = rule_of(d.field, (table, load_table(STANDARD)))
        place = " ".join(p for p in (d.field, rule[0].mnemonic if rule else "", f"#{d.occurrence}" * bool(d.occurrence),
                                     d.item) if p)  # fmt: skip
        what = place or ("the whole record" if d.kind == "record" else "there are more")
        rows.append((d.type, d.idc if d.idc >= 0 else "", what, _short(d.left), _short(d.right)))
    if rows:
        print_table("Fields", ("type", "IDC", "field", "first file", "second file"), rows)
    if len(fields) > MOST_ROWS:
        console.print(f"{len(fields) - MOST_ROWS} differences more; --json tells them.")
    if images:
        shown = [(i["type"], i["idc"], i["left"], i["right"], i["pixels"]) for i in images]
        print_table("Images and data", ("type", "IDC", "first file", "second file", "pixels"), shown)
    if not rows and not images:
        console.print(f"The fields and images are the same; how they are written differs first in byte {at}.")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"
