"""`tenprint records template`: minutiae templates of other systems, to look into and to convert."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, read_file, write_new
from tenprint.cli.record_files import Force
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.core.template import Template
    from tenprint.records.templates import MinutiaeRecord

LIMIT_BYTES = 32 * 1024 * 1024
"""More than 255 views of 255 minutiae with the longest extended data need."""
SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


class Target(StrEnum):
    """What a template can be converted to."""

    ISO = "iso"
    ANSI = "ansi"
    XYT = "xyt"
    TPT = "tpt"


Source = Annotated[Path, typer.Argument(help="ISO 19794-2:2005, ANSI 378-2004 or .xyt file, or Template v1 (.tpt).")]
Size = Annotated[str, typer.Option(help="WIDTHxHEIGHT of the image in pixels; .xyt files do not say it.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse what the standard forbids instead of reading on.")]

app = typer.Typer(help="Minutiae templates of other systems: inspect, convert.", no_args_is_help=True)


@app.command()
def inspect(file: Source, size: Size = "", strict: Strict = False, json: Json = False) -> None:
    """Show a template file's header, its finger views and what is wrong with it."""
    data = read_file(file, limit_bytes=LIMIT_BYTES)
    if _is_own(data):
        _show_own(file, _own(data), json)
        return
    record = _read(data, size, strict=strict)
    views = [
        (n, v.position, v.number, v.impression, v.quality, len(v), int((v.minutia_quality > 0).sum()), len(v.extended))
        for n, v in enumerate(record.views)
    ]
    names = ("view", "position", "number", "impression", "quality", "minutiae", "with_quality", "extended_bytes")
    problems = [(p.code, p.offset, p.message) for p in record.problems]
    header = {
        "format": record.format.words,
        "declared_bytes": record.length,
        "file_bytes": len(data),
        "size": f"{record.width}x{record.height}",
        "pixels_per_cm": f"{record.across}x{record.down}" if record.across or record.down else "not told",
        "equipment": record.equipment,
        "product": list(record.product),
    }
    if json:
        shown = [dict(zip(names, row, strict=True)) for row in views]
        told = [dict(zip(("code", "offset", "message"), row, strict=True)) for row in problems]
        print_json({"header": header, "views": shown, "problems": told})
        return
    print_table(str(file), ("what", "value"), header.items())
    columns = ("view", "FGP", "number", "IMP", "quality", "minutiae", "with quality", "extended bytes")
    print_table("Finger views", columns, views)
    if problems:
        print_table("Problems", ("code", "byte", "what"), problems)


@app.command()
def convert(
    source: Source,
    out: Annotated[Path, typer.Argument(help="File to write.")],
    to: Annotated[Target, typer.Option(help="Format to write.")],
    view: Annotated[
        int | None, typer.Option(min=0, help="Which view, from 0; iso and ansi take all when left out.")
    ] = None,
    size: Size = "",
    strict: Strict = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Convert a template. Resolution becomes 500 ppi; extended data and what the target cannot say are lost."""
    from tenprint.records import templates as formats

    data = read_file(source, limit_bytes=LIMIT_BYTES)
    problems = 0
    if _is_own(data):
        chosen = [_own(data)]
    else:
        record = _read(data, size, strict=strict)
        problems = len(record.problems)
        numbers = range(len(record.views)) if view is None else [view]
        chosen = [formats.to_template(record, number) for number in numbers]
    written = _written(chosen, to)
    write_new(out, written, force=force)
    summary = {"views": len(chosen), "minutiae": sum(map(len, chosen)), "bytes": len(written), "problems": problems}
    if json:
        print_json(summary)
        return
    told = f"; {problems} problems while reading, see: tenprint records template inspect" if problems else ""
    console.print(
        f"{out}: {len(chosen)} views, {summary['minutiae']} minutiae, {len(written)} bytes{told}", markup=False
    )


def _written(chosen: list[Template], to: Target) -> bytes:
    from tenprint.records import templates as formats

    if to is Target.ISO:
        return formats.write_iso(chosen)
    if to is Target.ANSI:
        return formats.write_ansi(chosen)
    if len(chosen) != 1:
        message = f"{to} holds one view, the file has {len(chosen)}"
        raise SenderError("TEMPLATE_VIEWS", message, hint="choose one with --view")
    return formats.write_xyt(chosen[0]) if to is Target.XYT else chosen[0].to_bytes()


def _read(data: bytes, size: str, *, strict: bool) -> MinutiaeRecord:
    from tenprint.records import templates as formats

    if not data:
        raise SenderError("FILE_EMPTY", "the file is empty: there is no template in it")
    if data.startswith(b"FMR"):
        return formats.read(data, strict=strict)
    return formats.read_xyt(data, size=_size(size), strict=strict)


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = SIZE.fullmatch(text)
    if not match or not int(match[1]) or not int(match[2]):
        raise SenderError("SIZE_INVALID", "the size must be WIDTHxHEIGHT in pixels, such as 388x374")
    return int(match[1]), int(match[2])


def _is_own(data: bytes) -> bool:
    return data.startswith(b"TPT")


def _own(data: bytes) -> Template:
    from tenprint.core.template import Template

    return Template.from_bytes(data)


def _show_own(file: Path, template: Template, json: bool) -> None:
    shown = {
        "format": "Template v1",
        "size": f"{template.width}x{template.height}",
        "position": int(template.fgp),
        "impression": int(template.impression),
        "quality": template.overall_quality,
        "minutiae": len(template),
    }
    if json:
        print_json(shown)
    else:
        print_table(str(file), ("what", "value"), shown.items())
