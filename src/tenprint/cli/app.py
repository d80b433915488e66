"""The command tree."""

from __future__ import annotations

import typer

from tenprint.cli import (
    accounts,
    backup,
    bench,
    bench_cards,
    bench_chaos,
    bench_console,
    bench_exchange,
    bench_images,
    bench_quality,
    bench_records,
    card,
    cards,
    case_changes,
    cases,
    convictions,
    demo,
    engine,
    ledger,
    messages,
    network,
    nodes,
    notices,
    policy,
    quality,
    record_compare,
    record_images,
    records,
    requests,
    rig,
    serve,
    switches,
    tasks,
    templates,
)

HELP = """Tenprint: the open, accountable version of a booking-to-decision ten-print exchange.

A machine finds candidates; a person decides. Start with [bold]tenprint demo[/].
"""
EPILOG = "Not built yet: statistics, replay, what-if (see the README)."

app = typer.Typer(
    help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)
network.app.command()(notices.notify)
network.app.command("notices")(notices.notices)
network.app.command()(notices.announce)
network.app.command()(switches.switches)
network.app.command()(backup.recover)
network.app.command("give-back")(backup.give_back)
ledger.app.command("accept-restored")(backup.accept_restored)
app.add_typer(network.app, name="network")
network.app.command()(nodes.up)
network.app.command()(nodes.status)
app.add_typer(accounts.app, name="accounts")
app.add_typer(tasks.app, name="tasks")
for change in (
    case_changes.withdraw,
    case_changes.correct,
    case_changes.cancel,
    case_changes.reopen,
    case_changes.removals,
    convictions.convictions,
):
    cases.app.command()(change)
app.add_typer(cases.app, name="case")
app.add_typer(ledger.app, name="ledger")
app.add_typer(requests.app, name="request")
app.add_typer(records.app, name="records")
records.app.command()(record_compare.roundtrip)
records.app.command()(record_compare.diff)
records.app.command()(record_images.redact)
records.app.command("extract-images")(record_images.extract_images)
records.app.add_typer(templates.app, name="template")
app.add_typer(card.app, name="card")
records.app.add_typer(messages.app, name="message")
app.add_typer(policy.app, name="policy")
app.add_typer(rig.app, name="rig")
app.add_typer(bench.app, name="bench")
bench.app.command()(bench_console.console)
bench.app.command()(bench_exchange.exchange)
bench.app.command()(bench_chaos.chaos)
bench.app.command()(bench_records.templates)
bench.app.command()(bench_records.fuzz)
bench.app.command()(bench_cards.cards)
bench.app.command()(bench_images.images)
bench.app.command()(bench_quality.quality)
bench.app.command()(bench_images.records)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(cards.book)
app.command()(cards.submit)
app.command()(cards.enroll)
app.command()(engine.extract)
app.command()(engine.compare)
app.command()(quality.quality)
app.command()(engine.search)
app.command()(engine.warm)
app.command()(backup.backup)
app.command()(backup.restore)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
) -> None:
    if version:
        from tenprint import __version__

        typer.echo(__version__)
        raise typer.Exit
