"""A network of seven parties on real SQLite files, with a matcher whose prints are words: `P7` is person seven.

An image's data is ``P7/3`` (person seven, third finger) or ``BAD`` for one that cannot be decoded. All people are
invented.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from tenprint import records
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import sqlite_url
from tenprint.adapters.post import InProcessPost
from tenprint.adapters.store import SqlStore
from tenprint.adapters.tables import INLINE_BODY_BYTES
from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.canonical import sha256_hex
from tenprint.core.chance import SeededRandomSource
from tenprint.core.clock import ManualClock
from tenprint.core.errors import StorageError, TenprintError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import Disposition
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.corrections import Correction
from tenprint.exchange.model.directory import Directory, Party
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.ports import Extraction, Node, Pairing, Services
from tenprint.exchange.tasks.origin import signed_by_origin
from tenprint.ledger.keys import PrivateKey, generate_key
from tenprint.policy import programme

START = datetime(2010, 10, 4, 8, tzinfo=UTC)
PROGRAMME = "secure-communities-2010-10"
ORIS = {
    Role.AGENCY: "XX0010000",
    Role.STATE_BUREAU: "XXSIB0000",
    Role.CRIMINAL_REPOSITORY: "XXFBI0001",
    Role.IMMIGRATION_REPOSITORY: "XXIDENT01",
    Role.SUPPORT_CENTER: "XXLESC001",
    Role.FIELD_OFFICE: "XXERO0001",
    Role.JAIL: "XX0010001",
    Role.COURT: "XX001015J",
    Role.JURISDICTION: "XX0010099",
}
PEERS = {
    Role.AGENCY: (Role.STATE_BUREAU,),
    Role.STATE_BUREAU: (Role.CRIMINAL_REPOSITORY, Role.AGENCY),
    Role.CRIMINAL_REPOSITORY: (Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER),
    Role.IMMIGRATION_REPOSITORY: (Role.CRIMINAL_REPOSITORY,),
    Role.SUPPORT_CENTER: (Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE),
    Role.FIELD_OFFICE: (Role.JAIL, Role.SUPPORT_CENTER),
    Role.JAIL: (Role.FIELD_OFFICE,),
    Role.COURT: (Role.AGENCY, Role.STATE_BUREAU),
    Role.JURISDICTION: (Role.AGENCY, Role.JAIL),
}
GROUND = "8 USC 1227(a)(1)(B) overstay (fictitious)"
PERMITTED = {
    "evidence": "biometric_and_records",
    "legal_ground": GROUND,
    "citizenship_claim": "no",
    "victim_or_witness": "no",
}
SCORE_PER_FINGER = 10_000
MOST_FAILURES = 3
"""Of one delivery, where deliveries fail at first."""
BEFORE_ANY_CLOCK = timedelta(minutes=1)
"""Next tries come within it, and the clocks of a case do not."""
BOOKING = records.Booking(
    nam="SAMPLESON,PERSON QUINCE", pob="MM", dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO",
    hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),), cri=("XX0010000",),
    tcn="TCN-2010-0000001", ori="XX0010000", dai="XXFBI0001", dat="20101004",
)  # fmt: skip


class WordMatcher:
    """A matcher over words; `shards` says how much of its gallery answers."""

    def __init__(self) -> None:
        self.gallery: dict[str, dict[FingerPosition, Template]] = {}
        self.shards = (1, 1)
        self.searches = self.compacted = 0
        self.forgotten: set[str] = set()

    def extract(self, images: Iterable[records.EncodedImage]) -> Extraction:
        templates, failures = {}, {}
        for image in images:
            word = image.data.decode()
            if word.startswith("BAD"):
                failures[image.fgp] = "L0009: the image cannot be decompressed"
            else:
                templates[image.fgp] = template_of(word, image.fgp)
        return Extraction(templates, failures)

    def search(self, probe: Mapping[FingerPosition, Template], limit: int) -> SearchResult:
        self.searches += 1
        found = []
        for subject, enrolled in self.gallery.items():
            alike = [f for f in probe if f in enrolled and probe[f].to_bytes() == enrolled[f].to_bytes()]
            if alike:
                found.append((len(alike) * SCORE_PER_FINGER, subject, dict.fromkeys(alike, SCORE_PER_FINGER)))
        found.sort(key=lambda row: (-row[0], row[1]))
        candidates = tuple(Candidate(s, rank, score, per) for rank, (score, s, per) in enumerate(found[:limit], 1))
        alone = sum(probe.keys().isdisjoint(enrolled) for enrolled in self.gallery.values())
        return SearchResult(candidates, len(self.gallery) - alone, *self.shards, alone)

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        self.gallery[subject_id] = dict(templates)

    def delete(self, subject_id: str) -> None:
        self.gallery.pop(subject_id, None)

    def compact(self) -> None:
        self.compacted += 1

    def forget(self, image_digest: str) -> None:
        self.forgotten.add(image_digest)

    def remembered(self, image: records.EncodedImage) -> Template | None:
        return self.extract([image]).templates.get(image.fgp)

    def pairing(self, probe: records.EncodedImage, candidate: records.EncodedImage) -> Pairing:
        one, other = (self.extract([image]).templates[image.fgp] for image in (probe, candidate))
        pairs = tuple((n, n) for n in range(len(one)) if one.to_bytes() == other.to_bytes())
        return Pairing(one, other, pairs, len(pairs) * SCORE_PER_FINGER, ())


def template_of(word: str, finger: FingerPosition) -> Template:
    columns = np.random.default_rng(list(word.encode())).integers(0, 200, (3, 12), dtype=np.uint16)
    return Template(*columns, np.ones(12, np.uint8), np.ones(12, np.uint8), 200, 200, finger)


def card(
    person: str, *, bad: Iterable[int] = (), booking: records.Booking = BOOKING, large: bool = False, **changes: object
) -> bytes:
    """Return a CAR of a person's card; `bad` fingers cannot be decoded; `changes` are fields of the booking.

    A `large` one is kept as a blob and not in the database's row.
    """
    unusable, filler = set(bad), b" " * (INLINE_BODY_BYTES * large)
    images = [
        records.EncodedImage(
            0, 14, FingerPosition(n), Impression.LIVESCAN_ROLLED if n <= 10 else Impression.LIVESCAN_PLAIN, 8, 8, 500,
            "NONE", b"BAD" if n in unusable else f"{person}/{n}".encode() + filler * (n > 10),
        )
        for n in range(1, 15)
    ]  # fmt: skip
    return records.build_car(replace(booking, **changes), images)


def fingers_of(person: str) -> dict[FingerPosition, Template]:
    return {FingerPosition(n): template_of(f"{person}/{n}", FingerPosition(n)) for n in range(1, 11)}


@dataclass
class Rig:
    """The running network and what tests ask of it."""

    nodes: dict[Role, Node]
    keys: dict[Role, PrivateKey]
    clock: DriftingClock
    post: RecordingPost

    def close(self) -> None:
        for node in self.all:
            node.store.close()

    @property
    def all(self) -> list[Node]:
        return list(self.nodes.values())

    def run(self) -> int:
        return dispatch.run_until_idle(self.all)

    def wait(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.run()

    def book(self, data: bytes) -> str:
        case_id = dispatch.submit(self.nodes[Role.AGENCY], data).case_id
        self.run()
        return case_id

    def known_to_immigration(self, *people: str) -> None:
        for person in people:
            self.matcher(Role.IMMIGRATION_REPOSITORY).enroll(f"FIN-{person}", fingers_of(person))

    def matcher(self, role: Role) -> WordMatcher:
        return self.nodes[role].services.matcher

    def case(self, role: Role, case_id: str) -> Case | None:
        with self.nodes[role].store.transaction() as tx:
            return tx.case(case_id)

    def task(self, role: Role, kind: TaskKind, case_id: str) -> Task:
        with self.nodes[role].store.transaction() as tx:
            return next(t for t in tx.tasks(case_id) if t.kind == kind and not t.was_replaced)

    def tasks(self, role: Role, *, open_only: bool = False) -> list[Task]:
        with self.nodes[role].store.transaction() as tx:
            return tx.tasks(open_only=open_only)

    def decide(self, role: Role, kind: TaskKind, case_id: str, answer: str, by: str = "", **details: str) -> Task:
        task = self.task(role, kind, case_id)
        decided = dispatch.decide_task(
            self.nodes[role], task.id, answer=answer, reason="as seen", by=by or f"OFFICIAL {kind}", details=details
        )
        self.run()
        return decided

    def messages(self, role: Role, case_id: str, kind: Kind | None = None) -> list[Envelope]:
        with self.nodes[role].store.transaction() as tx:
            return [m for m in tx.messages(case_id) if kind in (None, m.kind)]

    def received(self, role: Role, case_id: str, kind: Kind) -> Envelope:
        mine = self.nodes[role].party.id
        return next(m for m in self.messages(role, case_id, kind) if m.recipient == mine)

    def entries(self, role: Role, kind: str = "") -> list[dict[str, str | int]]:
        found = [entry.fields for entry in self.nodes[role].store.entries()]
        return [fields for fields in found if not kind or fields["kind"] == kind]

    def say(self, sender: Role, recipient: Role, kind: Kind, body: bytes, case_id: str, **more: str) -> Envelope:
        """Let a party say something that its own software would not: signed by its key, taken in, handled."""
        envelope = Envelope(
            id=more.pop("id", f"said-{kind}-{case_id}"), kind=kind, sender=more.pop("as_party", str(sender)),
            recipient=str(recipient), case_id=case_id, sent_at=self.clock.now(), body=body, **more,
        )  # fmt: skip
        envelope = envelope.signed(self.keys[sender].sign(envelope.signed_bytes()))
        dispatch.accept(self.nodes[recipient], envelope.to_bytes())
        self.run()
        return envelope

    def news(self, said: Disposition | Correction, signer: Role | None = None) -> bytes:
        """Return news as its origin would say it, or as `signer` forges it."""
        origin = said.court if isinstance(said, Disposition) else said.origin
        return signed_by_origin(self.keys[signer or Role(origin)], said).to_bytes()

    def fails_at_first(self, delays: Iterable[bool]) -> None:
        """Let deliveries fail at first, so that later messages come before earlier ones.

        Args:
            delays: for each try in turn, whether it fails; after them none does, and no delivery oftener than thrice.
        """
        failing, tried, deliver = iter(delays), Counter[bytes](), self.post.deliver

        def slow(wire: bytes, recipient: str) -> bytes:
            tried[wire] += 1
            if tried[wire] <= MOST_FAILURES and next(failing, False):
                raise StorageError("PARTY_UNREACHABLE", "not now")
            return deliver(wire, recipient)

        self.post.deliver = slow

    def moved_on(self) -> bool:
        """Do what is due, or go on to the next try, but to no clock of a case; False at the end."""
        due = dispatch.next_due(self.all)
        if due is not None and due - self.clock.now() < BEFORE_ANY_CLOCK:
            self.clock.jump_to(max(due, self.clock.now()))
        return bool(self.run())

    def failures(self, role: Role) -> list[str]:
        return [str(row["note"]) for row in self.entries(role, "dead_letter")]

    # The way of a booking whose person is known to the immigration repository, step by step.
    def until_examined(self, person: str = "P7", finding: str = "identification", **booking: object) -> str:
        self.known_to_immigration(person)
        case_id = self.book(card(person, **booking))
        self.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, finding)
        return case_id

    def until_status(self, status: str = "removable", ground: str = GROUND) -> str:
        case_id = self.until_examined()
        details = {"legal_ground": ground} if ground else {}
        self.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, status, **details)
        return case_id

    def until_detainer(self) -> str:
        case_id = self.until_status()
        self.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
        return case_id

    def until_held(self) -> str:
        case_id = self.until_detainer()
        self.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
        self.decide(Role.JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
        return case_id


class DriftingClock(ManualClock):
    """A simulated clock that moves on by `drift` whenever somebody looks at it."""

    drift = timedelta(0)

    def now(self) -> datetime:
        self.advance(self.drift)
        return super().now()


def blob_file(rig: Rig, role: Role, body: bytes) -> Path:
    """Return the file in which a party keeps these bytes."""
    return rig.nodes[role].services.blobs._path(sha256_hex(body))


def run_through_retries(rig: Rig) -> None:
    """Run, and move the clock over all waits, until nothing is due any more."""
    rig.run()
    while (due := dispatch.next_due(rig.all)) is not None:
        rig.clock.jump_to(due)
        rig.run()


def reopened(rig: Rig, role: Role) -> None:
    """Open a party's database anew, as a process that was killed does."""
    node = rig.nodes[role]
    address = node.store._engine.url
    node.store.close()
    rig.nodes[role] = replace(node, store=SqlStore(address, node.services.blobs, node.party.id))
    rig.post.connect(rig.all)


class RecordingPost(InProcessPost):
    """Keeps what was delivered, so that tests can deliver it again.

    A test that puts something in the place of `deliver` has every delivery go through that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wires: list[tuple[str, bytes]] = []

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        (outcome,) = self._together([wire], recipient)
        if isinstance(outcome, TenprintError):
            raise outcome
        return outcome

    def deliver_many(self, wires: Sequence[bytes], recipient: str) -> list[bytes | TenprintError]:
        if "deliver" not in vars(self):
            return self._together(wires, recipient)
        outcomes: list[bytes | TenprintError] = []
        for wire in wires:
            try:
                outcomes.append(self.deliver(wire, recipient))
            except TenprintError as problem:
                outcomes.append(problem)
        return outcomes

    def _together(self, wires: Sequence[bytes], recipient: str) -> list[bytes | TenprintError]:
        outcomes = super().deliver_many(wires, recipient)
        self.wires += [(recipient, w) for w, o in zip(wires, outcomes, strict=True) if isinstance(o, bytes)]
        return outcomes


@contextmanager
def rigs() -> Iterator[Callable[..., Rig]]:
    """Give a maker of networks (see `build_rig`) whose files lie in memory where the machine has such a folder."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        built: list[Rig] = []

        def make(**more: object) -> Rig:
            built.append(build_rig(Path(folder) / str(len(built)), **more))
            return built[-1]

        yield make
        for each in built:
            each.close()


@cache
def migrated_database() -> bytes:
    """Return an empty database with all tables, to be copied: migrations take longer than a test should."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        SqlStore(sqlite_url(path), FileBlobs(Path(folder) / "blobs")).close()
        return path.read_bytes()


def build_rig(
    folder: Path,
    *,
    activated: Iterable[str] = ("XX0010000",),
    activated_since: Mapping[str, str] | None = None,
    settings: Mapping[Role | str, Mapping[str, object]] | None = None,
    seed: int = 7,
    second_agency: bool = False,
    auditor: bool = False,
    court: bool = False,
    jurisdiction: bool = False,
    own_jails: Sequence[str] = ("jail",),
    rules: str = PROGRAMME,
    others: Mapping[str, tuple[Role, str, str]] | None = None,
) -> Rig:
    """Return a network of seven parties under `folder`; a second agency is only known, with the first one's key.

    With `auditor`, one more party that holds nobody's data. With a court, the agency tells it of every arrest. With a
    jurisdiction, the field office tells it of outcomes after its own jails, which are only known if they are no party.
    `rules` names the programme in force. `others` are further running parties by id: role, ORI and, for an agency, its
    state bureau; the rig has them under their ids.
    """
    more = {Role.COURT: court, Role.JURISDICTION: jurisdiction}
    oris = {role: ori for role, ori in ORIS.items() if more.get(role, True)}
    oris |= {Role.AUDITOR: "XXAUDIT01"} if auditor else {}
    peers = PEERS | ({Role.AGENCY: (Role.STATE_BUREAU, Role.COURT)} if court else {})
    if jurisdiction:
        peers |= {Role.FIELD_OFFICE: (*PEERS[Role.FIELD_OFFICE], Role.JURISDICTION)}
    clock, post = DriftingClock(START), RecordingPost()
    keys = {role: generate_key(SeededRandomSource(f"key {role}")) for role in oris}
    parties = tuple(
        Party(
            str(role), role, ori, keys[role].public.raw, {peer: str(peer) for peer in peers.get(role, ())},
            dict((settings or {}).get(role, {})),
        )
        for role, ori in oris.items()
    )  # fmt: skip
    parties = tuple(
        replace(party, peers=party.peers | {Role.JAIL: own_jails[0]}, more_peers={Role.JAIL: tuple(own_jails[1:])})
        if party.role == Role.JURISDICTION
        else party
        for party in parties
    )
    for name, (role, ori, state) in (others or {}).items():
        keys[name] = generate_key(SeededRandomSource(f"key {name}"))
        theirs = {Role.STATE_BUREAU: state} if state else {peer: str(peer) for peer in PEERS[role]}
        parties += (Party(name, role, ori, keys[name].public.raw, theirs, dict((settings or {}).get(name, {}))),)
    strangers = (replace(parties[0], id="agency2", ori="XX0020000"),) if second_agency else ()
    directory = Directory("rig", parties + strangers, rules, frozenset(activated), activated_since or {})
    nodes = {}
    for party in parties:
        home = folder / party.id
        home.mkdir(parents=True, exist_ok=True)
        (home / "tenprint.db").write_bytes(migrated_database())
        blobs = FileBlobs(home / "blobs")
        services = Services(
            party, directory, programme.load(rules), clock, SeededRandomSource(f"{seed} {party.id}"),
            keys[party.id], blobs, WordMatcher(),
        )  # fmt: skip
        store = SqlStore(sqlite_url(home / "tenprint.db"), blobs, party.id)
        nodes[party.id if party.id in (others or {}) else party.role] = Node(store, post, services)
    post.connect(nodes.values())
    return Rig(nodes, keys, clock, post)
