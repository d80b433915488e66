"""`tenprint records`: look into an ANSI/NIST-ITL file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.cli.record_files import (
    EXIT_FOUND,
    EXIT_UNREADABLE,
    Files,
    Name,
    each_file,
    files_of,
    read_transaction,
    short,
    summary,
)
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.records.itl.findings import Finding
    from tenprint.records.itl.tables import Table

DEFAULT_PROFILE = "ebts-8.001"

app = typer.Typer(help="ANSI/NIST-ITL files: inspect, validate.", no_args_is_help=True)


@app.command()
def inspect(file: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file.")], json: Json = False) -> None:
    """Show a file's records, images and what is wrong with it. Reads as far as it can."""
    from tenprint.records.images import contradictions

    found = read_transaction(file, needed=False)
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
def validate(
    files: Files,
    profile: Annotated[
        str,
        typer.Option(
            help="Name of a packaged profile (ebts-8.001, ebts-10.0-partial, itl-2011 for the standard alone) or path "
            "of a TOML file."
        ),
    ] = DEFAULT_PROFILE,
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
