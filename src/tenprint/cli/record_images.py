"""`tenprint records extract-images` and `redact`: images out of a file, and a file without images and persons."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_PROFILE, EXIT_FOUND, EXIT_UNREADABLE, Json
from tenprint.cli.output import console, plain, print_json, print_table, write_new
from tenprint.cli.record_files import (
    Files,
    Force,
    Name,
    each_file,
    files_of,
    read_transaction,
    short,
    summary,
)
from tenprint.core.errors import SenderError, TenprintError

if TYPE_CHECKING:
    from tenprint.records.images import CodecPool
    from tenprint.records.itl.pictures import Picture

LONGEST_STEM = 60
"""Characters of a file's name that its folder of images repeats."""


class ImageFormat(StrEnum):
    """What images are written as."""

    PNG = "png"
    ORIGINAL = "original"


def extract_images(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="Directory to write to; it is made when it is not there.")],
    image_format: Annotated[
        ImageFormat, typer.Option("--format", help="png decodes; original writes the bytes as they are.")
    ] = ImageFormat.PNG,
    name: Name = "*",
    force: Force = False,
    json: Json = False,
) -> None:
    """Write every image of a file to a file of its own, named by record, type, IDC and finger position.

    Of several files each gets a folder. Exit code 1: an image could not be written; the others are. 2: a file cannot be
    read.
    """
    from tenprint.records.images import CodecPool

    chosen = files_of(files, name)
    folders = {path: _folder(out, n, path) if len(chosen) > 1 else out for n, path in enumerate(chosen, 1)}
    with CodecPool() as pool:
        done, refused = each_file(
            chosen, lambda path: _extract(path, folders[path], pool, image_format, force), title="files"
        )
    rows = [row for _, found in done for row in found]
    written, bad = [r for r in rows if r["written"]], [r for r in rows if not r["written"]]
    if json:
        print_json({"images": rows, "written": len(written), "failed": len(bad), "unreadable": refused})
    else:
        if bad:
            table = [(short(Path(r["file"])), r["record"], r["type"], r["idc"], r["code"], r["problem"]) for r in bad]
            print_table("Images that were not written", ("file", "record", "type", "IDC", "code", "what"), table)
        counts = [(len(written), "images written"), (len(bad), "not written"), (refused, "files unreadable")]
        console.print(summary(counts), markup=False)
    if refused:
        raise typer.Exit(EXIT_UNREADABLE)
    if bad:
        raise typer.Exit(EXIT_FOUND)


def redact(
    file: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file.")],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    profile: Annotated[
        str, typer.Option(help="Profile that knows the fields of Type-2; a field that none knows is blanked.")
    ] = DEFAULT_PROFILE,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a file without its persons: the same records and fields, made-up values, blank images.

    For showing a fault to somebody who may not see the person. Look at the result before you pass it on.
    """
    from tenprint.records.images import CodecPool
    from tenprint.records.redaction import redact as without_persons

    if not force and out.exists():
        raise SenderError("FILE_EXISTS", f"{out} is there already", hint="replace it with --force")
    transaction = read_transaction(file)
    with CodecPool() as pool:
        done = without_persons(transaction, pool, profile=profile)
    write_new(out, done.data, force=force)
    notes = [(note.record, note.field, note.message) for note in done.notes]
    if json:
        told = [dict(zip(("record", "field", "message"), note, strict=True)) for note in notes]
        print_json({"bytes": len(done.data), "counts": done.counts, "notes": told})
        return
    if notes:
        print_table("What could not stay as it was", ("record", "field", "what"), notes)
    counted = ", ".join(f"{words} {number}" for words, number in sorted(done.counts.items()))
    console.print(f"{plain(str(out))}: {len(done.data)} bytes; {counted}", markup=False, soft_wrap=True)


def _folder(out: Path, number: int, path: Path) -> Path:
    """Return the folder for a file's images; of its name only harmless characters are taken."""
    return out / f"{number:04d}-{re.sub('[^A-Za-z0-9_-]', '_', path.stem)[:LONGEST_STEM]}"


def _extract(path: Path, folder: Path, pool: CodecPool, image_format: ImageFormat, force: bool) -> list[dict[str, Any]]:
    from tenprint.records.itl.conformance import STANDARD
    from tenprint.records.itl.pictures import pictures_of
    from tenprint.records.itl.tables import load_table

    transaction = read_transaction(path)

    def step(picture: Picture) -> dict[str, Any]:
        row: dict[str, Any] = {"file": str(path), "record": picture.record, "type": picture.type, "idc": picture.idc}
        row |= {"position": picture.position, "size": f"{picture.width}x{picture.height}", "written": ""}
        try:
            row["written"] = str(_write(picture, folder, pool, image_format, force))
        except TenprintError as problem:
            row |= {"code": problem.code, "problem": problem.message}
        return row

    return pool.each(step, pictures_of(transaction, load_table(STANDARD)))


def _write(picture: Picture, folder: Path, pool: CodecPool, image_format: ImageFormat, force: bool) -> Path:
    from tenprint.records.images.pictures import decode_picture, ending_of, png_of

    if image_format is ImageFormat.PNG:
        data, ending = png_of(decode_picture(picture, pool), picture.ppi), "png"
    else:
        data, ending = picture.data, ending_of(picture.data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise SenderError("FILE_UNWRITABLE", f"{folder} cannot be made: {problem.strerror}") from problem
    path = folder / f"{picture.name}.{ending}"
    write_new(path, data, force=force)
    return path
