"""`tenprint book`, `submit`, `enroll`: from a card to a case, and into a gallery."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table, read_file, write_file
from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role

if TYPE_CHECKING:
    from tenprint.exchange.card_check import CardCheck

SETTLE_SECONDS, WAIT_SECONDS = 5.0, 600.0
"""How long `submit` waits for parties that run by themselves, without and with --wait."""


def book(
    card: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file with the card's images (any transaction type).")],
    person: Annotated[
        Path, typer.Option(help="TOML file: nam, dob, sex, … and \\[\\[charge]] tables (see the guide).")
    ],
    agency: Annotated[str, typer.Option(help="ORI of the booking agency, nine characters.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write the CAR.")],
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of \\[\\[box]] tables: fill the rolled positions with plain fingers cut out by it. "
            "Without it, plain sets are segmented, and fill only the positions that the card lacks."
        ),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(help="Finger that is not there: 4=XX amputated, 9=UP bandaged or unable to print; several times."),
    ] = None,
    copy_to: Annotated[
        list[str] | None, typer.Option(help="ORI of an agency that gets a copy of each answer (SCO); several times.")
    ] = None,
    tcn: Annotated[str, typer.Option(help="Control number; made at random when left out.")] = "",
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare each plain finger with its rolled one, and warn.")
    ] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing when a finger is in the wrong place, or none was compared.")
    ] = False,
    nfiq2: Annotated[
        bool, typer.Option("--nfiq2", help="Write NFIQ 2 of each finger (14.024); needs the optional package nbis-py.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a criminal ten-print submission (CAR, EBTS 8.001) from a card and a person's data."""
    from tenprint import bootstrap
    from tenprint.cli.card import checked, report
    from tenprint.core.chance import SystemRandomSource
    from tenprint.core.clock import SystemClock
    from tenprint.engine.slaps import segment
    from tenprint.exchange import capture, card_check
    from tenprint.records.images import nfiq2 as measures

    _ensure_possible(strict=strict, check=check, nfiq2=nfiq2)
    chosen = capture.read_boxes(read_file(boxes).decode(errors="replace")) if boxes else ()
    gone = capture.read_missing(missing or ())
    described = capture.with_copies(capture.read_person(read_file(person).decode(errors="replace")), copy_to or ())
    number, received = tcn or f"TP{SystemRandomSource().token(9).hex().upper()}", read_file(card)
    with bootstrap.image_codec() as codec:
        measure = partial(measures.measured, decode=codec[0]) if nfiq2 else None
        found = checked(received, codec[0], chosen, gone, quiet=json) if check else None
        if found is not None and strict:
            card_check.refuse_faults(found)
        data = capture.rebook(
            received, described, chosen, codec,
            ori=agency, tcn=number, now=SystemClock().now(), segment=segment, missing=gone, measure=measure,
        )  # fmt: skip
    write_file(out, data)
    named = capture.named_missing(data)
    if json:
        numbers, sequence = [int(finger) for finger in named], None if found is None else report(found)
        print_json({"out": str(out), "bytes": len(data), "tcn": number, "named_missing": numbers, "sequence": sequence})
        return
    console.print(f"Wrote {out}: CAR of {len(data)} bytes, TCN {number}", soft_wrap=True)
    _show_next(out, found, [finger.title for finger in named])


def _ensure_possible(*, strict: bool, check: bool, nfiq2: bool) -> None:
    """Refuse what `book` cannot do, before anything is read."""
    from tenprint.records.images import nfiq2 as measures

    if nfiq2:
        measures.require()
    if strict and not check:
        raise SenderError("CLI_CONTRADICTION", "--strict needs the check that --no-check leaves out")


def _show_next(out: Path, found: CardCheck | None, missing: list[str]) -> None:
    from tenprint.cli.card import show_warnings

    if found is not None:
        show_warnings(found)
    if missing:
        console.print(f"No image, so named as missing (AMP): {', '.join(missing)}", soft_wrap=True)
    console.print(f"Next: tenprint submit {out} --wait", style="dim", soft_wrap=True)


def submit(
    booking: Annotated[Path, typer.Argument(help="Submission, such as a CAR written by `book`.")],
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when the case is final or waits only for people.")
    ] = False,
    agency: Annotated[
        str, typer.Option(help="Party id of the booking agency; the network's first when left out.")
    ] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Send a submission into the network. The same submission sent twice makes one case."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch, story

    body = read_file(booking)
    with bootstrap.open_network(data, beside=True) as network:
        node = network.node(agency or Role.AGENCY)
        sent = dispatch.submit(node, body)
        settled = network.settle(WAIT_SECONDS if wait else SETTLE_SECONDS, sent.case_id)
        nodes = list(network.nodes.values())
        state = story.final_state(nodes, sent.case_id)
        answers = [(line.message_kind, line.sentence) for line in story.answers(node, sent.case_id)]
        open_tasks = [(t.id, t.party, str(t.kind)) for t in story.open_tasks(nodes, sent.case_id)]
    if json:
        print_json(
            {
                "case": sent.case_id, "tcn": sent.tcn, "repeat": sent.is_repeat, "state": str(state),
                "answers": [dict(zip(("kind", "says"), a, strict=True)) for a in answers],
                "open_tasks": [dict(zip(("task", "party", "kind"), t, strict=True)) for t in open_tasks],
            }
        )  # fmt: skip
        return
    again = " (sent before: no second case)" if sent.is_repeat else ""
    console.print(f"Case {sent.case_id}{again}: [bold]{state}[/]", soft_wrap=True)
    if sent.is_repeat:
        console.print("These are the first answers to this ORI and TCN. A corrected file needs a new TCN.", style="dim")
    if answers:
        print_table("Answers so far", ("message", "says"), answers)
    if open_tasks:
        print_table("Waits for people", ("task", "party", "kind"), open_tasks, whole=("task",))
        console.print("Next: tenprint tasks show TASK", style="dim")
    if not settled:
        console.print(f"The parties still work on it. See: tenprint case show {sent.case_id}", style="dim")
    if wait and not answers and not open_tasks and not state:
        raise SenderError(
            "NOTHING_HAPPENED", "the network did not take the submission in", hint="see: tenprint network status"
        )


def enroll(
    card: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file with single-finger images.")],
    subject: Annotated[str, typer.Option(help="Identifier of the subject in that gallery.")],
    party: Annotated[str, typer.Option(help="Whose gallery: a party id or role.")] = Role.IMMIGRATION_REPOSITORY,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Put a card's single fingers into a party's gallery; the card is kept, so that examiners can see it."""
    from tenprint import bootstrap

    card_bytes = read_file(card)
    with bootstrap.open_network(data, beside=True) as network:
        extraction = network.enrol(party, subject, card_bytes)
        network.settle()
        network.sign_checkpoints()
    fingers = {finger.title: len(template) for finger, template in extraction.templates.items()}
    failures = {finger.title: why for finger, why in extraction.failures.items()}
    if json:
        print_json({"subject": subject, "minutiae": fingers, "failures": failures})
        return
    print_table(f"Enrolled {subject}", ("finger", "minutiae"), fingers.items())
    for finger, why in failures.items():
        console.print(f"not used: {finger}: {why}", markup=False)
