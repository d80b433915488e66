"""`tenprint records`: look into an ANSI/NIST-ITL file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, read_file

MAX_VALUE_SHOWN = 60

app = typer.Typer(help="ANSI/NIST-ITL files: inspect, validate.", no_args_is_help=True)


@app.command()
def inspect(file: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file.")], json: Json = False) -> None:
    """Show a file's records, images and what is wrong with it. Reads as far as it can."""
    from tenprint import records
    from tenprint.records.images import contradictions

    found = records.read(read_file(file))
    rows = [(r.type, r.idc, len(r.raw)) for r in found.records]
    images = [
        (i.idc, i.fgp.title, i.impression.name.lower(), f"{i.width}x{i.height}", i.ppi, i.compression, len(i.data))
        for i in found.images()
    ]
    problems: list[tuple[str, str, int | None, str]] = [(p.code, p.field, p.offset, p.message) for p in found.problems]
    problems += [
        (p.code, f"{i.record_type}.{'999' if i.record_type == 14 else '009'}", None, f"IDC {i.idc}: {p.message}")
        for i in found.images()
        for p in contradictions(i)
    ]
    if json:
        print_json(
            {
                "header": {n: getattr(found, n) for n in ("ver", "tot", "ori", "dai", "tcn", "tcr", "pry")},
                "records": [dict(zip(("type", "idc", "bytes"), row, strict=True)) for row in rows],
                "images": [
                    dict(
                        zip(("idc", "position", "impression", "size", "ppi", "compression", "bytes"), row, strict=True)
                    )
                    for row in images
                ],
                "problems": [dict(zip(("code", "field", "offset", "message"), row, strict=True)) for row in problems],
            }
        )
        return
    console.print(
        f"{found.tot or 'no type'} from {found.ori or 'nobody'} to {found.dai or 'nobody'}, TCN {found.tcn}",
        markup=False,
    )
    print_table("Records", ("type", "IDC", "bytes"), rows)
    print_table("Finger images", ("IDC", "position", "impression", "size", "ppi", "compression", "bytes"), images)
    if problems:
        print_table("Problems", ("code", "field", "offset", "what"), problems)


@app.command()
def validate(file: Annotated[Path, typer.Argument(help="EBTS submission, such as a CAR.")], json: Json = False) -> None:
    """Check a submission against EBTS 8.001 as far as this release knows it. Exit code 1 when errors are found."""
    from tenprint import records
    from tenprint.records.itl import ebts

    findings = ebts.validate(records.read(read_file(file)))
    rows = [(f.severity, f.code, f.field, f.found[:MAX_VALUE_SHOWN], f.message) for f in findings]
    if json:
        print_json([dict(zip(("severity", "code", "field", "found", "message"), row, strict=True)) for row in rows])
    elif rows:
        print_table(f"{file.name}, edition ebts-8.001", ("severity", "code", "field", "found", "what"), rows)
    else:
        console.print(f"{file.name}: nothing wrong by ebts-8.001 as far as this release checks it.")
    if any(f.severity == "error" for f in findings):
        raise typer.Exit(1)
