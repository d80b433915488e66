"""How many bookings an exchange of seven parties takes a second, when matching costs nothing.

Everything else is what it is in a running network: envelopes signed and verified, ledgers, blobs, receipts, timers.
Bookings come in bursts that are worked off until nothing is due; what was found is answered by scripted people.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.records import Booking
from tenprint.studies.truth import Truth, known_every, truth_card

MATCH_EVERY = 20
"""Every twentieth person is known to the immigration repository: 5 %."""
BURST = 250
"""Bookings that come at once: a minute of the national peak of about four a second (domain.md)."""
IDLE_SECONDS = 0.005
GROUND = "8 USC 1227(a)(1)(B) overstay (fictitious)"
_ANSWERS: dict[TaskKind, tuple[str, dict[str, str]]] = {
    TaskKind.EXAMINE: ("identification", {}),
    TaskKind.STATUS: ("removable", {"legal_ground": GROUND}),
    TaskKind.DECIDE: (
        "detainer",
        {
            "evidence": "biometric_and_records",
            "legal_ground": GROUND,
            "citizenship_claim": "no",
            "victim_or_witness": "no",
        },
    ),
    TaskKind.ANSWER_DETAINER: ("accept", {}),
    TaskKind.REPORT_RELEASE: ("would_be_released", {}),
    TaskKind.REPORT_CUSTODY: ("transferred", {}),
}
_PEOPLE_OF = {
    Role.IMMIGRATION_REPOSITORY: (TaskKind.EXAMINE,),
    Role.SUPPORT_CENTER: (TaskKind.STATUS,),
    Role.FIELD_OFFICE: (TaskKind.DECIDE,),
    Role.JAIL: (TaskKind.ANSWER_DETAINER, TaskKind.REPORT_RELEASE, TaskKind.REPORT_CUSTODY),
}


@dataclass(frozen=True)
class Window:
    """What one stretch of bookings took.

    Args:
        bookings: how many.
        seconds: from the first submission until nothing was due any more.
        cpu_seconds: of all working processes.
        disk_bytes: by which the network's files grew.
    """

    bookings: int
    seconds: float
    cpu_seconds: float
    disk_bytes: int


@dataclass(frozen=True)
class ProfileRow:
    """Time that a function took by itself, in milliseconds a booking, and how often it was called a booking."""

    function: str
    own_ms: float
    calls: float


class Bench:
    """One process's share of the work.

    Args:
        nodes: all parties, by role.
        runs: those whose queues this process works off; the others it only delivers to.
        helps: those of the others whose queues it works off while its own hold nothing.
        is_idle: tells whether no queue of any party holds a row, claimed ones of other processes included.
        body_bytes: size of a booking.
        seed: of the filler.
    """

    def __init__(
        self,
        nodes: dict[Role, Node],
        runs: Sequence[Role],
        helps: Sequence[Role],
        is_idle: Callable[[], bool],
        *,
        body_bytes: int,
        seed: int,
    ) -> None:
        self._nodes = nodes
        self._runs = [nodes[role] for role in runs]
        self._helps = [nodes[role] for role in helps]
        self._is_idle = is_idle
        self._body_bytes = body_bytes
        self._filler = random.Random(seed).randbytes(body_bytes)  # noqa: S311 - filler, no secret
        self._tag = f"{seed:06d}"

    def cards(self, numbers: Sequence[int]) -> list[tuple[Truth, bytes]]:
        """Return the bookings with these numbers; made before the clock runs."""
        ori = self._nodes[Role.AGENCY].party.ori
        return [
            (truth, truth_card(truth, bench_booking(truth.person, self._tag, ori), self._body_bytes, self._filler))
            for truth in known_every(numbers, MATCH_EVERY)
        ]

    def work_off(self, cards: Sequence[tuple[Truth, bytes]]) -> None:
        """Submit these bookings, and work until nothing is due anywhere; people answer what waits for them."""
        agency = self._nodes[Role.AGENCY]
        submitted = [(truth, dispatch.submit(agency, data).case_id) for truth, data in cards]
        open_cases = {case_id for truth, case_id in submitted if truth.known_to}
        while True:
            if self._run():
                continue
            if not self._is_idle():
                time.sleep(IDLE_SECONDS)
            elif not sum(answer_waiting(self._nodes[role], open_cases) for role in _PEOPLE_OF):
                return

    def help_until(self, is_over: Callable[[], bool]) -> None:
        """Work off what the other process's bookings bring to this one's parties, until that is over."""
        while not is_over():
            if not self._run():
                time.sleep(IDLE_SECONDS)

    def _run(self) -> int:
        """Do what is due at the own parties, or else one batch of each stage at the others; return how many rows."""
        done = dispatch.run_until_idle(self._runs)
        if not done:
            steps = list[dispatch.Step]()
            for node in self._helps:
                dispatch.run_round(node, steps.append)
            done = sum(step.count for step in steps)
        return done


def bench_booking(number: int, tag: str, ori: str) -> Booking:
    """Return what the agency `ori` says of the person with this number; the control number has `tag` in it."""
    return Booking(
        nam=f"SAMPLESON,PERSON {_letters(number)}", pob="MM", ctz="MM", dob="19800229", sex="F", rac="W",
        hgt="509", wgt="160", eye="BRO", hai="BLK", doa="20101004",
        charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),), cri=(ori,),
        tcn=f"BENCH{tag}{number:09d}", ori=ori, dai="XXFBI0001", dat="20101004",
    )  # fmt: skip


def answer_waiting(node: Node, case_ids: Set[str]) -> int:
    """Give the scripted answers that a party's people owe in these cases; return how many. They look at one list."""
    kinds = _PEOPLE_OF.get(node.party.role, ())
    if not kinds or not case_ids:
        return 0
    with node.store.transaction() as tx:
        found = [task for task in tx.tasks(open_only=True) if task.kind in kinds and task.case_id in case_ids]
    for task in found:
        answer, details = _ANSWERS[task.kind]
        dispatch.decide_task(node, task.id, answer=answer, reason="as scripted", by="OFFICIAL SAMPLE", details=details)
    return len(found)


def measured(work: Callable[[], None], bookings: int, disk_bytes: Callable[[], int]) -> Window:
    """Run `work` in this process and return what it took."""
    before, started, cpu = disk_bytes(), time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    return Window(bookings, seconds, used, disk_bytes() - before)


def profiled(work: Callable[[], None], bookings: int, rows: int = 25) -> list[ProfileRow]:
    """Run `work` under cProfile and return the functions with the most own time; module names, no paths."""
    profile = cProfile.Profile()
    profile.runcall(work)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found = [
        ProfileRow(f"{_module(file)}:{name}", 1000 * own / bookings, calls / bookings)
        for (file, _, name), (_, calls, own, _, _) in stats.items()
    ]
    return sorted(found, key=lambda row: -row.own_ms)[:rows]


def _letters(number: int) -> str:
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


def _module(file: str) -> str:
    """Return a module's dotted name without where it is installed; built-in functions have none."""
    if file == "~":
        return "built-in"
    parts = Path(file).with_suffix("").parts
    roots = [
        place for place, part in enumerate(parts) if part in ("site-packages", "src") or part.startswith("python3.")
    ]
    return ".".join(parts[roots[-1] + 1 :]) if roots else parts[-1]
