"""The same bookings twice, once undisturbed and once with machines that die: what each case became, and what differs.

Who arrives, what is known of them and what people answer is a function of the seed and the booking's number, never of
time, so that whatever differs between the two runs was done by the disturbances.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tenprint.core.errors import PolicyRefusal, SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.records import Booking
from tenprint.records.words import IarStatus
from tenprint.studies.truth import Truth, truth_card

BODY_BYTES = 16_000
MATCH_PARTS = 0.4
DAMAGED_PARTS = 0.08
REPEATED_PARTS = 0.1
PEOPLE_SECONDS = 0.2
"""How often people look for open tasks, and agencies for new files."""
GROUND = "8 USC 1227(a)(1)(B) overstay (fictitious)"
BY_ORDER = "state"
"""Ledger entries that are not compared: the steps by which a case moves on. When the second of two answers comes
first, a case skips the step between them, as it should; where it ends is compared at every party."""
AT_WORST = "interview"
"""What the officer decides when a rule forbids the detainer that was drawn."""
_STATUSES = (
    IarStatus.REMOVABLE, IarStatus.REMOVABLE, IarStatus.FINAL_ORDER, IarStatus.CITIZEN, IarStatus.PERMANENT_RESIDENT,
    IarStatus.UNKNOWN,
)  # fmt: skip
_WORDS: Mapping[TaskKind, Sequence[str]] = {
    TaskKind.EXAMINE: ("identification", "identification", "identification", "exclusion", "inconclusive"),
    TaskKind.EXAMINE_SECOND: ("identification", "exclusion", "inconclusive"),
    TaskKind.STATUS: tuple(str(status) for status in _STATUSES),
    TaskKind.DECIDE: ("no_action", "interview", "detainer", "detainer", "detainer"),
    TaskKind.SECOND_LOOK: ("agree", "agree", "disagree"),
    TaskKind.ANSWER_DETAINER: ("accept", "accept", "decline"),
    TaskKind.REPORT_RELEASE: ("would_be_released",),
    TaskKind.REPORT_CUSTODY: ("transferred", "transferred", "released"),
    TaskKind.REPORT_OUTCOME: ("removed", "terminated", "returned"),
    TaskKind.DISPOSE: ("convicted", "reduced"),
}
_UNKNOWN_PERSON: Sequence[str] = ("not_charged", "dismissed", "acquitted", "reduced", "convicted")
"""What a court says of somebody in whose case nobody can be asked to hold.

Where there may be a hold, an officer is asked again after a charge that ended without conviction, unless the hold has
ended: and whether the clerk or the jail was faster is no matter of the seed.
"""


_PASSING = frozenset({"TASK_CLOSED", "SECOND_LOOK_OPEN", "DAY_IN_FUTURE"})
"""Refusals that end nobody's work: the question is answered already, or the own clock has not come to that day yet."""


@dataclass(frozen=True)
class Arrival:
    """A file that an agency submits.

    Args:
        number: of the booking; a second copy has the first one's.
        agency: which agency, by its place in the network.
        data: the file.
    """

    number: int
    agency: int
    data: bytes


@dataclass(frozen=True)
class PartyLife:
    """What one party did in one case.

    Args:
        state: the case's, or empty.
        tasks: kind and answer of each task.
        handled: messages handled, by kind.
        entries: ledger entries, by kind and the kind of message they speak about; those of `BY_ORDER` are left out.
    """

    state: str
    tasks: tuple[tuple[str, str], ...]
    handled: Counter[str]
    entries: Counter[str]


@dataclass(frozen=True)
class Life:
    """What became of one booking, party by party; `cases` is how many cases it got."""

    booking: int
    cases: int
    parties: Mapping[str, PartyLife] = field(default_factory=dict)

    def row(self, parties: Sequence[str], ends: Sequence[str]) -> list[str]:
        """Return a line of the table: booking, final state, decisions, and two numbers per party."""
        known = [self.parties[party] for party in ends if party in self.parties and self.parties[party].state]
        decided = [f"{kind}={answer}" for party in parties for kind, answer in self._of(party).tasks]
        numbers = [str(count) for party in parties for count in _counts(self._of(party))]
        return [str(self.booking), known[0].state if known else "", " ".join(decided), *numbers]

    def effects(self) -> Counter[tuple[str, str, str]]:
        """Return everything that was done, each thing as often as it was done."""
        found = Counter({("", "case", ""): self.cases})
        for party, life in self.parties.items():
            found.update({(party, "handled", kind): count for kind, count in life.handled.items()})
            found.update({(party, "entry", kind): count for kind, count in life.entries.items()})
            found[party, "ends", life.state] = 1
            found.update((party, "task", f"{kind}={answer}") for kind, answer in life.tasks)
        return found

    def _of(self, party: str) -> PartyLife:
        return self.parties.get(party, PartyLife("", (), Counter(), Counter()))


@dataclass(frozen=True)
class Difference:
    """What the disturbed run did otherwise.

    Args:
        lost: effects that are missing.
        repeated: effects that were made more often than in the undisturbed run.
        diverged: bookings whose rows or effects differ.
        told: what differs, a line per booking.
    """

    lost: int
    repeated: int
    diverged: int
    told: tuple[str, ...] = ()


def compare(undisturbed: Sequence[Life], disturbed: Sequence[Life], parties: Sequence[str]) -> Difference:
    """Return what differs between two runs of the same bookings."""
    others = {life.booking: life for life in disturbed}
    lost = repeated = 0
    told = []
    for life in undisturbed:
        other = others.get(life.booking, Life(life.booking, 0))
        mine, its = life.effects(), other.effects()
        lost += (mine - its).total()
        repeated += (its - mine).total()
        if mine != its or life.row(parties, parties) != other.row(parties, parties):
            missing, more = _in_words(mine - its), _in_words(its - mine)
            told.append(f"booking {life.booking}: missing {missing or 'nothing'}; more {more or 'nothing'}")
    return Difference(lost, repeated, len(told), tuple(told))


def columns(parties: Sequence[str]) -> list[str]:
    """Return the table's head."""
    return [
        "booking",
        "final_state",
        "decisions",
        *(f"{p} {what}" for p in parties for what in ("messages", "entries")),
    ]


def arrivals(bookings: int, seed: int, oris: Sequence[str]) -> list[Arrival]:
    """Return the files in the order in which they come, second copies among them."""
    filler = random.Random(seed).randbytes(BODY_BYTES)  # noqa: S311 - filler, no secret
    found: list[Arrival] = []
    for number in range(1, bookings + 1):
        agency = number % len(oris)
        arrival = Arrival(number, agency, _file(number, seed, oris[agency], filler))
        found.append(arrival)
        if drawn(seed, number, "again") < REPEATED_PARTS:
            found.append(arrival)
    return found


def drawn(seed: int, *names: object) -> float:
    """Return a number from 0 to 1 that hangs on the names alone."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def answer_to(seed: int, number: int, task: Task) -> tuple[str, dict[str, str]]:
    """Return what a person answers to a task of a booking, with its details."""
    is_known = drawn(seed, number, "match") < MATCH_PARTS
    words = _UNKNOWN_PERSON if task.kind == TaskKind.DISPOSE and not is_known else _WORDS[task.kind]
    answer = words[int(drawn(seed, number, task.kind) * len(words))]
    if task.kind == TaskKind.STATUS:
        return answer, {"legal_ground": GROUND} if answer in ("removable", "final_order") else {}
    if task.kind == TaskKind.DISPOSE:
        offence = {"offence": "5499"} if answer == "reduced" else {}
        return answer, {"decided_on": "2010-10-05", "reference": f"CR-{number} (fictitious)", **offence}
    if task.kind == TaskKind.REPORT_OUTCOME:
        return answer, {"happened_on": str(task.shown["transferred_at"])[:10], "legal_ground": GROUND}
    if task.kind == TaskKind.DECIDE and answer == "detainer":
        claims = "yes" if drawn(seed, number, "claim") < 0.2 else "no"
        ground = str(task.shown["legal_ground"])
        details = {"evidence": "biometric_and_records", "legal_ground": ground, "citizenship_claim": claims}
        return answer, {**details, "victim_or_witness": "no"}
    return answer, {}


class Staff:
    """The people of one party, and at an agency the live-scan: they work inside the party's process, and die with it.

    Args:
        node: the party.
        seed: of the run.
        files: folder in which an agency finds files, named by number and by whether it is a first copy.
        cases: folder in which agencies note a case's booking; one file per case.
    """

    def __init__(self, node: Node, seed: int, files: Path, cases: Path) -> None:
        self._node, self._seed, self._files, self._cases = node, seed, files, cases
        self._done: set[str] = set()

    def work(self, should_stop: Callable[[], bool]) -> None:
        """Submit and answer what is there, again and again."""
        while not should_stop():
            try:
                if self._node.party.role == Role.AGENCY:
                    self._submit_all()
                self._answer_all()
            except StorageError:
                pass  # busy; the next round finds it again
            time.sleep(PEOPLE_SECONDS)

    def _submit_all(self) -> None:
        for path in sorted(self._files.glob("*.eft")):
            if path.name in self._done or path.with_suffix(".done").exists():
                continue
            case_id = dispatch.submit(self._node, path.read_bytes()).case_id
            # A kill before these lines has the file submitted again, as an operator would.
            (self._cases / case_id).write_text(path.name.partition("-")[0])
            path.with_suffix(".done").touch()
            self._done.add(path.name)

    def _answer_all(self) -> None:
        with self._node.store.transaction() as tx:
            tasks = [task for task in tx.tasks(open_only=True) if task.kind in _WORDS]
        for task in tasks:
            try:
                number = int((self._cases / task.case_id).read_text() or 0)
            except FileNotFoundError:
                continue
            if number:
                self._answer(task, number)

    def _answer(self, task: Task, number: int) -> None:
        answer, details = answer_to(self._seed, number, task)
        try:
            try:
                self._decide(task, answer, details)
            except (PolicyRefusal, SenderError) as problem:
                if isinstance(problem, SenderError) and problem.code != "SECOND_LOOK_DISAGREES":
                    raise
                # What was answered the last time may be handled between the two: then the second one is refused.
                self._decide(task, AT_WORST, {})
        except SenderError as problem:
            if problem.code not in _PASSING:
                raise

    def _decide(self, task: Task, answer: str, details: dict[str, str]) -> None:
        second = task.kind in (TaskKind.EXAMINE_SECOND, TaskKind.SECOND_LOOK)
        by = "OFFICIAL SAMPLE TWO" if second else "OFFICIAL SAMPLE ONE"
        dispatch.decide_task(self._node, task.id, answer=answer, reason="as scripted", by=by, details=details)


def _file(number: int, seed: int, ori: str, filler: bytes) -> bytes:
    known: Iterable[Role] = ()
    if drawn(seed, number, "match") < MATCH_PARTS:
        known = (Role.IMMIGRATION_REPOSITORY,)
        if drawn(seed, number, "record") < 0.3:
            known = (*known, Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU)
    booking = Booking(
        nam=f"SAMPLESON,PERSON {''.join(chr(ord('A') + int(digit)) for digit in str(number))}", pob="MM", ctz="MM",
        dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO", hai="BLK", doa="20101004",
        charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),), cri=(ori,), tcn=f"CHAOS{seed:06d}{number:09d}",
        ori=ori, dai="XXFBI0001", dat="20101004", ret="N" if drawn(seed, number, "ret") < 0.3 else "Y",
    )  # fmt: skip
    data = truth_card(Truth(number, frozenset(known)), booking, BODY_BYTES, filler)
    return data[: len(data) // 3] if drawn(seed, number, "damage") < DAMAGED_PARTS else data


def _in_words(effects: Counter[tuple[str, str, str]]) -> str:
    return ", ".join(f"{' '.join(effect).strip()} x{count}" for effect, count in sorted(effects.items()))


def _counts(life: PartyLife) -> tuple[int, int]:
    return life.handled.total(), life.entries.total()
