"""`tenprint records message`: immigration messages (IAQ, IAR, IDENT data response), to look into and to convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, read_file, write_new
from tenprint.cli.record_files import Force
from tenprint.core.errors import SenderError
from tenprint.records.messages import MAX_BYTES, Form, Message

Source = Annotated[Path, typer.Argument(help="IAQ, IAR or IDENT data response, as text or as XML.")]

app = typer.Typer(help="Immigration messages (IAQ, IAR, IDR): inspect, convert.", no_args_is_help=True)


@app.command()
def inspect(file: Source, json: Json = False) -> None:
    """Show what a message says, field by field. A message that breaks its rules is refused with a code."""
    from tenprint.records import messages

    message, form = _read(file)
    rows = messages.facts(message)
    kind = messages.kind_of(message)
    if json:
        names = ("field", "element", "value")
        print_json({"kind": kind, "form": form, "fields": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    print_table(f"{kind}, written as {form}", ("field", "XML element", "value"), rows, whole=("field",))


@app.command()
def convert(
    source: Source,
    out: Annotated[Path, typer.Argument(help="File to write.")],
    to: Annotated[Form, typer.Option(help="Form to write; text is canonical JSON for an IDENT data response.")],
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a message in its other form. Nothing is lost: converted back, it is the same bytes."""
    from tenprint.records import messages

    message, _ = _read(source)
    written = messages.write(message, to)
    write_new(out, written, force=force)
    kind = messages.kind_of(message)
    if json:
        print_json({"kind": kind, "form": to, "bytes": len(written)})
    else:
        console.print(f"{out}: {kind} as {to}, {len(written)} bytes", markup=False)


@app.command()
def schema(out: Annotated[Path, typer.Argument(help="File to write.")], force: Force = False) -> None:
    """Write the XML Schema of the XML form (Tenprint's own; neither Nlets' NIEM schema nor DHS' IXM schema)."""
    from tenprint.records import messages

    write_new(out, messages.schema(), force=force)
    console.print(f"{out}: the schema of {messages.NAMESPACE}", markup=False)


def _read(file: Path) -> tuple[Message, Form]:
    from tenprint.records import messages

    data = read_file(file, limit_bytes=MAX_BYTES)
    if not data:
        raise SenderError("FILE_EMPTY", "the file is empty: there is no message in it")
    return messages.read(data)
