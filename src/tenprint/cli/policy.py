"""`tenprint policy`: the rules as dated data, and what each would say."""

from __future__ import annotations

from typing import Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import print_json, print_table

app = typer.Typer(help="Rules as dated data: which programmes there are, what their rules say.", no_args_is_help=True)


@app.command("list")
def list_programmes(json: Json = False) -> None:
    """List the programmes that this release knows."""
    from tenprint.policy import programme

    found = [programme.load(name) for name in programme.available()]
    columns = ("id", "version", "from", "to", "title", "based_on", "was_in_force")
    rows = [
        (p.name, p.version, str(p.effective_from), str(p.effective_to or ""), p.title, p.based_on, p.was_in_force)
        for p in found
    ]
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        told = (
            (p.name, str(p.effective_from), str(p.effective_to or ""), "" if p.was_in_force else "invented", p.title)
            for p in found
        )
        print_table("Programmes", ("id", "from", "to", "", "title"), told, whole=("id",))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Programme id from `policy list`.")],
    question: Annotated[str, typer.Option(help="Only the rules of this question.")] = "",
    json: Json = False,
) -> None:
    """Show a programme's rules in the order in which they are asked; the first that holds speaks."""
    from tenprint.policy import programme

    loaded = programme.load(name)
    questions = [question] if question else list(loaded.rules)
    rows = [
        (asked, rule.id, str(rule.outcome), rule.sentence, rule.source)
        for asked in questions
        for rule in programme.rules_for(loaded, asked)
    ]
    if json:
        print_json([dict(zip(("question", "rule", "outcome", "sentence", "source"), row, strict=True)) for row in rows])
    else:
        print_table(
            f"{loaded.title}, version {loaded.version}", ("question", "rule", "outcome", "says", "source"), rows
        )
