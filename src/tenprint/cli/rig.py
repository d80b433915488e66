"""`tenprint rig`: play the other side towards a client under test, and report how the client did."""

from __future__ import annotations

import json as json_format
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_PROFILE, EXIT_FOUND, Json
from tenprint.cli.output import console, errors, print_json, print_table, read_file, write_file
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.bootstrap.rig import RigSeat, RigWanted
    from tenprint.studies.rig_session import Rig

app = typer.Typer(
    help="Play the state bureau or the FBI towards a client under test; end with a report.", no_args_is_help=True
)
DEFAULT_RIG = Path("data/rig")
LOOK_SECONDS, START_SECONDS = 0.2, 20.0


class RigRole(StrEnum):
    """Whom a rig can play."""

    STATE_BUREAU = "state_bureau"
    CRIMINAL_REPOSITORY = "criminal_repository"


As = Annotated[RigRole, typer.Option("--as", help="Whom the rig plays.")]
RigFolderOfData = Annotated[Path, typer.Option("--data", help="Directory of the rig; a rig that was killed goes on.")]
Scenarios = Annotated[
    Path | None, typer.Option(help="TOML file that says which submission gets what (docs/guide/rig.md).")
]
Profile = Annotated[str, typer.Option(help="What submissions are judged by: packaged profile or path of a TOML file.")]
Ori = Annotated[str, typer.Option(help="ORI of whom the rig plays; without it, submissions may name any destination.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed and same submissions, same answers.")]
Anyway = Annotated[
    bool, typer.Option("--play-anyway", help="Play the scenario even when the submission is wrong, instead of an ERRT.")
]
Minutes = Annotated[float | None, typer.Option(min=0.01, help="End after so many minutes.")]
UntilIdle = Annotated[
    float | None, typer.Option(min=0.5, help="End when nothing happened for so many seconds after a first submission.")
]
Report = Annotated[Path | None, typer.Option(help="Write the report as JSON to this file at the end.")]
Sarif = Annotated[Path | None, typer.Option(help="Write what was wrong with the submissions as SARIF 2.1.0.")]


@app.command()
def serve(
    role: As = RigRole.CRIMINAL_REPOSITORY,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    data: RigFolderOfData = DEFAULT_RIG,
    scenarios: Scenarios = None,
    profile: Profile = DEFAULT_PROFILE,
    ori: Ori = "",
    seed: Seed = 1,
    play_anyway: Anyway = False,
    minutes: Minutes = None,
    until_idle: UntilIdle = None,
    report: Report = None,
    sarif: Sarif = None,
    json: Json = False,
) -> None:
    """Take submissions by HTTPS on 127.0.0.1 until Ctrl-C, --minutes or --until-idle; then report.

    Exit code 0: what came was right and every scenario seen was taken well. 1: something was not, or nothing came.
    """
    from tenprint.bootstrap.rig import open_rig
    from tenprint.core.clock import SystemClock
    from tenprint.web.post_server import door_server
    from tenprint.web.rig_door import RigDoor
    from tenprint.web.serve import ADDRESS, listening_socket

    with open_rig(data, _wanted(role, scenarios, profile, ori, seed, play_anyway=play_anyway)) as seat:
        door = RigDoor(seat.rig, seat.token(), SystemClock())
        listener, listens = listening_socket(port), threading.Event()
        server = door_server(door.app(), seat.tls(), listens.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="rig", daemon=True)
        thread.start()
        listens.wait(START_SECONDS)
        _tell_client(seat, role, f"https://{ADDRESS}:{listener.getsockname()[1]}", is_json=json)
        try:
            _wait(seat.rig, minutes, until_idle, thread.is_alive)
        finally:
            door.is_ending = True
            server.should_exit = True
            thread.join(timeout=10)
            listener.close()
        _end(seat, report, sarif, is_json=json)


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(help="Where the client writes NAME.eft and NAME.eft.sha256.")],
    role: As = RigRole.CRIMINAL_REPOSITORY,
    data: RigFolderOfData = DEFAULT_RIG,
    scenarios: Scenarios = None,
    profile: Profile = DEFAULT_PROFILE,
    ori: Ori = "",
    seed: Seed = 1,
    play_anyway: Anyway = False,
    minutes: Minutes = None,
    until_idle: UntilIdle = None,
    report: Report = None,
    sarif: Sarif = None,
    json: Json = False,
) -> None:
    """Take submissions from a folder, put answers into its part answers/; then report, as serve does.

    An answer counts as taken when the client deletes it or moves it to answers/taken.
    """
    from tenprint.bootstrap.rig import open_rig
    from tenprint.core.clock import SystemClock

    clock = SystemClock()
    with open_rig(data, _wanted(role, scenarios, profile, ori, seed, play_anyway=play_anyway)) as seat:
        way = seat.folder(folder)
        _say(f"Tenprint rig, playing the {role.replace('_', ' ')}: watching {folder}  (Ctrl-C ends it)", is_json=json)

        def look() -> bool:
            way.look(clock.now())
            return True

        _wait(seat.rig, minutes, until_idle, look)
        _end(seat, report, sarif, is_json=json)


@app.command()
def examples(folder: Annotated[Path, typer.Argument(help="Where to write them; made when it is not there.")]) -> None:
    """Write example submissions of an invented person: one for each scenario, and a wrong one."""
    from tenprint.studies.rig_examples import examples_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise SenderError("FILE_UNWRITABLE", f"{folder} cannot be made: {problem.strerror}") from problem
    written = examples_of()
    for name, data in written.items():
        write_file(folder / name, data)
    console.print(
        f"{len(written)} submissions are in {folder}; their control numbers ask for the scenarios.", markup=False
    )


@app.command("report")
def report_again(data: RigFolderOfData = DEFAULT_RIG, json: Json = False, sarif: Sarif = None) -> None:
    """Report from a rig's directory, also after the rig was killed."""
    from tenprint.bootstrap.rig import open_rig

    with open_rig(data) as seat:
        _end(seat, None, sarif, is_json=json)


def _wanted(
    role: RigRole, scenarios: Path | None, profile: str, ori: str, seed: int, *, play_anyway: bool
) -> RigWanted:
    from tenprint.bootstrap.rig import RigWanted

    told = read_file(scenarios) if scenarios else b""
    return RigWanted(str(role), profile, told, ori.upper(), seed, play_anyway)


def _tell_client(seat: RigSeat, role: RigRole, url: str, *, is_json: bool) -> None:
    """Say where the rig is and how to be let in, and leave the same for a shell."""
    told = {"RIG_URL": url, "RIG_TOKEN": seat.token(), "RIG_CA": str(seat.certificate().resolve())}
    client = seat.data.write_client(told)
    _say(f"Tenprint rig, playing the {role.replace('_', ' ')}: {url}", is_json=is_json)
    _say(f"  certificate  {told['RIG_CA']}", is_json=is_json)
    _say(f"  header       Authorization: Bearer {told['RIG_TOKEN']}", is_json=is_json)
    _say(f"  for a shell  . {client}      (Ctrl-C ends the rig and reports)", is_json=is_json)


def _say(text: str, *, is_json: bool) -> None:
    (errors if is_json else console).print(text, soft_wrap=True, markup=False)


def _wait(rig: Rig, minutes: float | None, until_idle: float | None, step: Callable[[], bool]) -> None:
    """Go on until the time is over, nothing happens any more, the step says so, or a signal comes."""
    from tenprint.core.clock import SystemClock

    clock, end = SystemClock(), time.monotonic() + minutes * 60 if minutes else None
    with _signals_end_it():
        while step() and not (end and time.monotonic() >= end):
            if until_idle and rig.is_idle(clock.now(), until_idle):
                return
            time.sleep(LOOK_SECONDS)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let Ctrl-C and a termination signal end the block, and nothing else: the report is still to come."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(seat: RigSeat, report: Path | None, sarif: Path | None, *, is_json: bool) -> None:
    from tenprint import __version__
    from tenprint.core.clock import SystemClock
    from tenprint.studies.rig_report import report_of, sarif_of

    told = report_of(seat.rig, SystemClock().now())
    if report:
        write_file(report, (json_format.dumps(told, indent=2) + "\n").encode())
    if sarif:
        write_file(sarif, (json_format.dumps(sarif_of(seat.rig, __version__), indent=2) + "\n").encode())
    if is_json:
        print_json(told)
    else:
        _print_report(told)
    if not told["ok"]:
        raise typer.Exit(EXIT_FOUND)


def _print_report(told: dict[str, Any]) -> None:
    submissions = told["submissions"]
    if not submissions:
        console.print("No submission came.")
        return
    rows: list[tuple[object, ...]] = [
        (s["number"], s["tot"], s["tcn"], s["play"], _right(s), _again(s), s["verdict"]) for s in submissions
    ]
    columns = ("", "TOT", "control number", "scenario", "fields right", "sent", "verdict")
    print_table(f"What came, judged by {told['edition']}", columns, rows, whole=("scenario", "verdict", "TOT"))
    rows = [
        (s["number"], f"{f['severity']} {f['code']}", f["field"], f["message"], f"{f['edition']}: {f['clause']}")
        for s in submissions
        for f in s["findings"]
    ]
    if rows:
        print_table(
            "What was wrong", ("", "code", "field", "what", "edition and clause"), rows, whole=("code", "field")
        )
    rows = [(a["id"], a["tot"], a["what"], _taking(a)) for s in submissions for a in s["answers"]]
    print_table("How each answer was taken", ("answer", "TOT", "what it was", "taken"), rows, whole=("answer", "TOT"))
    rows = [(s["play"], s["submissions"], s["verdict"], s["sentence"]) for s in told["scenarios"]]
    print_table("Scenarios", ("scenario", "came", "verdict", "what to do"), rows, whole=("scenario", "verdict"))
    _print_counts(told)


def _print_counts(told: dict[str, Any]) -> None:
    counts = told["counts"]
    not_seen = len(told["scenarios"]) - counts["scenarios_ok"] - counts["scenarios_not_ok"]
    console.print(
        f"{counts['submissions']} submissions, {counts['wrong']} wrong; {counts['answers']} answers; scenarios: "
        f"{counts['scenarios_ok']} ok, {counts['scenarios_not_ok']} not ok, {not_seen} not seen; "
        f"{counts['refused_at_the_door']} requests refused at the door.",
        markup=False,
    )
    for code in sorted({refused["code"] for refused in told["refused_at_the_door"]}):
        number = sum(1 for refused in told["refused_at_the_door"] if refused["code"] == code)
        console.print(f"  refused at the door: {code} ({number})", markup=False)


def _right(submission: dict[str, Any]) -> str:
    fields = submission["fields"]
    return f"{sum(1 for field in fields if field['is_right'])} of {len(fields)}"


def _again(submission: dict[str, Any]) -> str:
    return "once" if not submission["sent_again"] else f"{1 + submission['sent_again']} times"


def _taking(answer: dict[str, Any]) -> str:
    if not answer["there"]:
        return "not there yet"
    said = answer["acknowledged_as"]
    if not answer["fetched"]:
        return "never fetched" + (f", yet acknowledged as {said}" if said else "")
    times = "" if answer["fetched"] == 1 else f" {answer['fetched']} times"
    return f"fetched{times} after {answer['fetched_after_seconds']:.1f} s, {said or 'never acknowledged'}"
