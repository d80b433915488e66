"""`tenprint records`: look into an ANSI/NIST-ITL file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from tenprint.cli.options import DEFAULT_PROFILE, EXIT_FOUND, EXIT_UNREADABLE, Json
from tenprint.cli.output import console, plain, print_json, print_table
from tenprint.cli.record_files import (
    Files,
    Name,
    each_file,
    files_of,
    read_transaction,
    short,
    summary,
)
from tenprint.cli.record_tree import tree_of
from tenprint.cli.thumbnails import GRAPHIC_SIDE, Way, graphic, half_blocks, reduced, way_of
from tenprint.core.errors import RecordError, SenderError

if TYPE_CHECKING:
    from tenprint.cli.thumbnails import Pixels
    from tenprint.records import Transaction
    from tenprint.records.itl.description import Noticed, RecordShown
    from tenprint.records.itl.findings import Finding
    from tenprint.records.itl.pictures import Picture
    from tenprint.records.itl.tables import Table

Profile = Annotated[
    str,
    typer.Option(
        help="Name of a packaged profile (ebts-8.001, ebts-10.0-partial, itl-2011 for the standard alone) or path of a "
        "TOML file."
    ),
]

app = typer.Typer(
    help="ANSI/NIST-ITL files: look into them, check, compare, take images out, take persons out.",
    no_args_is_help=True,
)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file.")],
    profile: Profile = DEFAULT_PROFILE,
    whole: Annotated[bool, typer.Option("--whole", help="Show values and lists without shortening.")] = False,
    thumbnails: Annotated[
        bool | None,
        typer.Option(help="Show the images; by default only where the terminal says that it can show pictures."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a file as a tree of records, fields and images, and what is wrong where. Reads as far as it can.

    Fields have the names of the profile (Type-1, Type-2) and of the standard. Images are decoded only for thumbnails.
    """
    from tenprint.records.itl.conformance import STANDARD
    from tenprint.records.itl.description import describe, noticed_in
    from tenprint.records.itl.pictures import pictures_of
    from tenprint.records.itl.tables import load_table
    from tenprint.records.itl.validation import load_profile

    way = _way(thumbnails=thumbnails, is_json=json)
    table, standard = load_profile(profile), load_table(STANDARD)
    found = read_transaction(file, needed=False)
    problems = [*noticed_in(found), *_contradictions(found)]
    records, pictures = describe(found, table, standard, problems), list(pictures_of(found, standard))
    if json:
        print_json(_as_json(found, records, pictures, problems))
        return
    title = f"{found.tot or 'no type'} from {found.ori or 'nobody'} to {found.dai or 'nobody'}, TCN {found.tcn}"
    console.print(tree_of(title, records, pictures, problems, whole=whole))
    if way:
        _show_images(pictures, way)


def _contradictions(found: Transaction) -> Iterator[Noticed]:
    """Yield where an image's data contradicts its record."""
    from tenprint.records.images import contradictions
    from tenprint.records.itl.description import Noticed
    from tenprint.records.itl.impressions import EncodedImage, image_of

    for index, record in enumerate(found.records):
        image = image_of(record, found.get("1.011"))
        if isinstance(image, EncodedImage):
            tag = f"{record.type}.{'999' if record.type == 14 else '009'}"
            for problem in contradictions(image):
                yield Noticed(problem.code, tag, None, f"IDC {image.idc}: {problem.message}", index)


def _way(*, thumbnails: bool | None, is_json: bool) -> Way | None:
    """Return how images are shown, None for not at all."""
    if is_json or thumbnails is False or (thumbnails is None and not console.is_terminal):
        return None
    way = way_of(os.environ)
    if thumbnails is None:
        return None if way is Way.BLOCKS else way
    if not console.is_terminal or console.color_system is None:
        message = "thumbnails need a terminal with colors; standard output is none"
        raise SenderError("CLI_NO_TERMINAL", message, hint="write them with: tenprint records extract-images")
    return way


def _show_images(pictures: list[Picture], way: Way) -> None:
    """Decode the images in processes of their own and show them; one that cannot be decoded is named."""
    from tenprint.records.images import CodecPool
    from tenprint.records.images.pictures import decode_picture

    def step(picture: Picture) -> Pixels | RecordError:
        try:
            return reduced(decode_picture(picture, pool), GRAPHIC_SIDE, GRAPHIC_SIDE)
        except RecordError as problem:
            return problem

    with CodecPool() as pool:
        decoded = pool.each(step, pictures)
    for picture, pixels in zip(pictures, decoded, strict=True):
        console.print(Text(f"Type-{picture.type}, IDC {picture.idc}: image: {plain(picture.sentence)}"))
        if isinstance(pixels, RecordError):
            console.print(Text(f"{pixels.code} {plain(pixels.message)}", "bold red"))
        elif way is Way.BLOCKS:
            for line in half_blocks(pixels):
                console.print(line)
        else:
            console.file.write(graphic(pixels, way))


def _as_json(
    found: Transaction, records: Sequence[RecordShown], pictures: list[Picture], problems: list[Noticed]
) -> dict[str, Any]:
    images = [
        (i.idc, i.fgp.title, i.impression.name.lower(), f"{i.width}x{i.height}", i.ppi, i.compression, len(i.data))
        for i in found.images()
    ]
    keys = ("idc", "position", "impression", "size", "ppi", "compression", "bytes")
    shown = {p.record: asdict(p) | {"data": len(p.data)} for p in pictures}
    return {
        "header": {n: getattr(found, n) for n in ("ver", "tot", "ori", "dai", "tcn", "tcr", "pry")},
        "records": [
            {
                "type": r.type,
                "idc": r.idc,
                "bytes": r.size,
                "offset": r.offset,
                "complete": r.complete,
                "fields": [asdict(f) for f in r.fields],
                "image": shown.get(r.index),
            }
            for r in records
        ],
        "images": [dict(zip(keys, row, strict=True)) for row in images],
        "problems": [p._asdict() for p in problems],
    }


@app.command()
def validate(
    files: Files,
    profile: Profile = DEFAULT_PROFILE,
    name: Name = "*",
    json: Json = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, without the fields' contents.")] = False,
) -> None:
    """Check files against an EBTS profile, or the standard.

    Exit code 0: no errors (warnings are possible). 1: errors are found. 2: a file cannot be read; the others are
    judged all the same.
    """
    from tenprint import __version__
    from tenprint.records.itl.sarif import as_sarif
    from tenprint.records.itl.validation import has_errors, load_profile
    from tenprint.records.itl.validation import validate as judge

    if json and sarif:
        raise SenderError("CLI_TWO_FORMATS", "choose one of --json and --sarif")
    table = load_profile(profile)
    judged, refused = each_file(
        files_of(files, name), lambda path: judge(read_transaction(path, needed=False), profile=table), title="files"
    )
    if sarif:
        print_json(as_sarif([(str(f), found) for f, found in judged], table, tool_version=__version__))
    elif json:
        print_json(
            [{"file": str(f), "profile": table.name, "findings": [asdict(x) for x in found]} for f, found in judged]
        )
    else:
        for file, found in judged:
            _print_findings(file, found, table)
        _print_unknown(table)
        bad = sum(has_errors(found) for _, found in judged)
        if len(judged) + refused > 1:
            counts = [(len(judged) - bad, "files without errors"), (bad, "with errors"), (refused, "unreadable")]
            console.print(summary(counts), markup=False)
    if refused:
        raise typer.Exit(EXIT_UNREADABLE)
    if any(has_errors(found) for _, found in judged):
        raise typer.Exit(EXIT_FOUND)


def _print_findings(file: Path, findings: tuple[Finding, ...], table: Table) -> None:
    if not findings:
        console.print(f"{short(file)}: nothing wrong by {table.name} as far as it goes.", markup=False)
        return
    rows = [
        (f.severity, f.code, _place(f), f.found, f"{f.message} (expected: {f.expected})" if f.expected else f.message,
         f.clause)
        for f in findings
    ]  # fmt: skip
    columns = ("severity", "code", "field", "found", "what", "clause")
    print_table(f"{file.name}, profile {table.name}", columns, rows, whole=("severity", "code"))


def _place(finding: Finding) -> str:
    """Return the field, with its occurrence and item: ``2.047 #2 AOL``."""
    number = f"#{finding.occurrence}" if finding.occurrence > 1 else ""
    return " ".join(part for part in (finding.field, number, finding.item) if part)


def _print_unknown(table: Table) -> None:
    if table.unknown:
        console.print(f"What {table.name} does not know:", markup=False)
    for sentence in table.unknown:
        console.print(f"  {sentence}", markup=False)
