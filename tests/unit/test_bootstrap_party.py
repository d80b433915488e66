"""One party as a process: founding, locks, the worker, and what works beside it."""

import json
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.adapters.lock import DirectoryLock, holder_of
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.pool import Failed
from tenprint.adapters.templates import TemplateCache
from tenprint.bootstrap import party as party_module
from tenprint.cli.app import app
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch.wakes import own_message
from tenprint.exchange.model.case import Case, Timer
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.web.party_server import _started
from tenprint.web.post_server import DoorServer

pytestmark = pytest.mark.slow

IDS = [
    "agency-1", "agency-2", "state-1", "state-2", "criminal-repository", "immigration-repository", "support-center",
    "field-office", "jail-1", "court-1", "auditor-1",
]  # fmt: skip


class NoGallery:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.subjects: dict = {}

    def enroll_many(self, people, progress=None) -> int:
        return len(list(people))

    def __contains__(self, subject: object) -> bool:
        return subject in self.subjects

    def enroll(self, subject_id: str, templates) -> None:
        self.subjects[subject_id] = templates

    def delete(self, subject_id: str) -> None:
        self.subjects.pop(subject_id, None)

    def compact(self) -> None:
        pass

    def close(self) -> None:
        pass


class NoPool:
    def run(self, images):
        return [Failed("EXTRACT_NO_FOREGROUND", "nothing there") for _ in images]

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)
    monkeypatch.setattr(party_module, "LOCK_PATIENCE_SECONDS", 0.0)
    founding = bootstrap.Founding(tmp_path / "net", clock_mode="system", founders="eleven")
    bootstrap.init_network(tmp_path / "net", founding=founding)
    return tmp_path / "net"


def extractor(folder: Path) -> Extractor:
    def undecodable(image):
        raise RecordError("IMAGE_DECODE", "cannot be decoded")

    return Extractor(TemplateCache(folder / "cache", "v1"), undecodable, NoPool())


def opened(folder: Path, party: str, **more) -> bootstrap.RunningParty:
    return bootstrap.open_party(folder, party, extractor=extractor(folder), **more)


@contextmanager
def working(party: bootstrap.RunningParty) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=party.work, args=(stop.is_set,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        party.bell.set()
        thread.join(20)


def eventually(true) -> None:
    ends_at = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends_at, "it did not come true"
        time.sleep(0.02)


def test_eleven_parties_have_addresses_certificates_and_keys_of_their_own(folder: Path) -> None:
    network = bootstrap.load_network(folder)
    assert [place.party.id for place in network.places] == IDS
    assert len({place.url for place in network.places}) == len(IDS)
    assert network.clock_start is None
    for place in network.places:
        assert place.url.startswith("https://127.0.0.1:")
        assert (folder / place.certificate).read_bytes().startswith(b"-----BEGIN CERTIFICATE")
        assert stat.S_IMODE((folder / place.certificate_key).stat().st_mode) == 0o600
    assert network.directory.activated_oris == {p.ori for p in network.directory.with_role(Role.AGENCY)}


def test_ports_are_taken_from_the_first_one_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    founding = bootstrap.Founding(tmp_path / "net", clock_mode="system", founders="eleven", first_port=8801)
    made = bootstrap.init_network(tmp_path / "net", founding=founding)
    assert [int(place.url.rpartition(":")[2]) for place in made.places] == list(range(8801, 8812))
    with pytest.raises(SenderError, match="FOUNDERS_UNKNOWN"):
        bootstrap.init_network(tmp_path / "b", founding=bootstrap.Founding(tmp_path / "b", founders="twelve"))
    assert not (tmp_path / "b").exists()


def test_a_city_can_be_added_and_its_field_office_tells_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)

    def made(name: str, city: str):
        founding = bootstrap.Founding(tmp_path / name, clock_mode="system", founders="eleven", jurisdiction=city)
        return bootstrap.init_network(tmp_path / name, founding=founding)

    made("net", "city-1")
    network = bootstrap.load_network(tmp_path / "net")
    assert [place.party.id for place in network.places] == [*IDS, "city-1"]
    city = network.directory.party("city-1")
    assert (city.role, city.peers[Role.AGENCY], city.peers[Role.JAIL]) == (Role.JURISDICTION, "agency-1", "jail-1")
    assert network.directory.party("field-office").peers[Role.JURISDICTION] == "city-1"
    asks = [
        "--party",
        "city-1",
        "--to",
        "state-1",
        "--topic",
        "disclosed",
        "--about",
        "agency-1",
        "--question",
        "how many",
    ]
    data = ["--data", str(tmp_path / "net")]
    assert CliRunner().invoke(app, ["request", "ask", *asks, "--by", "MAYOR FIXTURE", *data]).exit_code == 0
    (row,) = json.loads(CliRunner().invoke(app, ["request", "list", "--json", *data]).output)
    assert (row["to"], row["is"], row["answer"]) == ("state-1", "waiting", "not yet, which is no no")
    shown = json.loads(CliRunner().invoke(app, ["request", "show", row["request"], "--json", *data]).output)
    assert (shown["question"], shown["asked by"]) == ("how many", "MAYOR FIXTURE")
    for taken in ("jail-1", "City One", "../up"):
        with pytest.raises(SenderError, match="PARTY_ID_INVALID"):
            made("other", taken)
    assert not (tmp_path / "other").exists()


def test_a_party_runs_once_and_never_beside_a_whole_network(folder: Path) -> None:
    with opened(folder, "jail-1"):
        with pytest.raises(StorageError, match="STORE_LOCKED"):
            opened(folder, "jail-1")
        with pytest.raises(StorageError, match=r"STORE_LOCKED: parties of .* run as processes of their own"):
            bootstrap.open_network(folder)
        with opened(folder, "court-1"):
            pass
    with bootstrap.open_network(folder, extractor=extractor(folder)), pytest.raises(StorageError, match="STORE_LOCKED"):
        opened(folder, "jail-1")


def test_who_holds_a_folder_is_told_and_nobody_when_it_is_free(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with DirectoryLock(tmp_path):
        assert holder_of(tmp_path) is not None
    with DirectoryLock(tmp_path, shared=True), DirectoryLock(tmp_path, shared=True):
        assert holder_of(tmp_path) is None


def test_a_party_without_address_or_with_a_clock_that_jumps_does_not_run_by_itself(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    bootstrap.init_network(tmp_path / "small")
    with pytest.raises(SenderError, match="CLOCK_SIMULATED"):
        bootstrap.open_party(tmp_path / "small", "jail")
    founding = bootstrap.Founding(tmp_path / "system", clock_mode="system")
    bootstrap.init_network(tmp_path / "system", founding=founding)
    with pytest.raises(SenderError, match="PARTY_WITHOUT_ADDRESS"):
        bootstrap.open_party(tmp_path / "system", "jail")
    with pytest.raises(SenderError, match="UNKNOWN_PARTY"):
        bootstrap.open_party(tmp_path / "system", "prison")


def test_a_party_without_prints_loads_nothing_that_reads_them(folder: Path) -> None:
    code = (
        "import sys, pathlib; from tenprint import bootstrap; from tenprint.web import party_server\n"
        "watch = bootstrap.Watch(counts=False)\n"
        "with bootstrap.open_party(pathlib.Path(sys.argv[1]), 'court-1', observe=watch) as party:\n"
        "    watch.begin([party.node]), party.tls(), bootstrap.look_seldom()\n"
        "heavy = {'numpy', 'PIL', 'openvino', 'cv2', 'numba', 'alembic', 'prometheus_client', 'argon2'}\n"
        "print(*(heavy | {'sqlalchemy.dialects.postgresql', 'cryptography.x509', 'rich'}) & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_nothing_is_run_beside_and_a_whole_network_is_opened_when_nobody_runs(folder: Path) -> None:
    with opened(folder, "agency-1"), bootstrap.open_network(folder, beside=True) as network:
        assert network.is_beside
        assert dispatch.submit(network.node("agency-1"), b"no card at all").case_id
        assert network.run() == 0
        with pytest.raises(StorageError, match="STORE_LOCKED"):
            network.gallery("state-1")
    with bootstrap.open_network(folder, beside=True, extractor=extractor(folder)) as network:
        assert not network.is_beside
        assert network.run() > 0
        assert network.message_counts() == {"CAR": 1, "ERRT": 1}


def test_the_worker_finds_what_others_wrote_and_signs_its_ledger_when_idle(folder: Path) -> None:
    with opened(folder, "agency-1") as party, working(party), bootstrap.open_network(folder, beside=True) as network:
        case_id = dispatch.submit(network.node("agency-1"), b"no card at all").case_id
        eventually(lambda: state(network, "agency-1").retried == 1)
        assert network.settle(20, case_id)  # the state does not run: its message waits for another try
        eventually(lambda: is_signed(state(network, "agency-1")))
        assert network.verify_ledger("agency-1") == ()


def test_a_state_expunges_a_booking_beside_its_running_process_which_takes_the_prints_out(folder: Path) -> None:
    with opened(folder, "state-1") as party, bootstrap.open_network(folder, beside=True) as network:
        subject, node = "subject-1", party.node
        node.services.matcher.enroll(subject, {})
        with node.store.transaction() as tx:
            known = {"subject": subject, "enrolled": True, "submitter": "agency-1"}
            tx.save_case(Case("case-1", node.services.clock.now(), CaseState.ANSWERED, "XX0000001", "TCN-1", known))
            own = own_message(node, message_id="sre-1", kind=Kind.STATE_SRE, case_id="case-1", body=b"")
            told = replace(own, recipient="agency-1", signature=b"")
            assert tx.put_outbox(told.signed(node.services.signer.sign(told.signed_bytes())))
        with working(party):
            dispatch.correct(
                network.nodes["state-1"], "case-1", kind="expunged", what="order 1", reason="an order", by="A CLERK"
            )
            eventually(lambda: subject not in node.services.matcher.gallery)
            eventually(lambda: not node.store.erasures(10))


def test_periods_of_keeping_and_proofs_of_erasing_are_shown_beside_running_parties(folder: Path) -> None:
    with opened(folder, "agency-1"):
        for words in (("network", "retention", "--dry-run"), ("ledger", "erased")):
            said = CliRunner().invoke(app, [*words, "--data", str(folder)])
            assert said.exit_code == 0, said.output


def test_what_a_door_of_the_same_process_queues_wakes_the_worker_without_a_poll(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(party_module, "POLL_SECONDS", 3_600.0)
    monkeypatch.setattr(party_module, "CHECKPOINT_IDLE", timedelta(days=1))
    with opened(folder, "agency-1") as party, working(party), bootstrap.open_network(folder, beside=True) as network:
        eventually(lambda: party._seen != (None, None))  # it has looked, found nothing, and sleeps
        dispatch.submit(party.node, b"no card at all")
        eventually(lambda: state(network, "agency-1").retried == 1)


def test_an_idle_worker_reads_no_table_until_somebody_has_written(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(party_module, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(party_module, "CHECKPOINT_IDLE", timedelta(days=1))
    looks, polls = Counter[str](), Counter[str]()

    def looked(nodes):
        looks[nodes[0].party.id] += 1
        return next_due(nodes)

    next_due = dispatch.next_due
    monkeypatch.setattr(dispatch, "next_due", looked)
    with opened(folder, "jail-1") as party:
        version = party._built.watch.version

        def polled() -> int | None:
            polls[party.place.party.id] += 1
            return version()

        monkeypatch.setattr(party._built.watch, "version", polled)
        with working(party):
            eventually(lambda: polls["jail-1"] > 50)
            assert looks["jail-1"] <= 3
            seen = looks["jail-1"]
            with (
                bootstrap.open_network(folder, beside=True) as network,
                network.node("jail-1").store.transaction() as tx,
            ):
                tx.set_timer(Timer("t-1", "case-1", "nothing", datetime(2100, 1, 1, tzinfo=UTC)))
            eventually(lambda: looks["jail-1"] > seen)


def is_signed(party: bootstrap.PartyState) -> bool:
    return 0 < party.ledger_entries == party.checkpoint_entries


def state(network: bootstrap.Network, party: str) -> bootstrap.PartyState:
    return next(each for each in bootstrap.party_states(network) if each.party == party)


def test_a_party_of_a_role_without_handlers_gives_up_what_it_cannot_use_and_goes_on(folder: Path) -> None:
    with opened(folder, "auditor-1") as party, working(party):
        for case in ("case-1", "case-2"):
            useless = own_message(party.node, message_id=f"iar-{case}", kind=Kind.IAR, case_id=case, body=b"")
            with party.node.store.transaction() as tx:
                tx.put_inbox(useless, party.node.services.clock.now(), b"receipt")
            eventually(lambda last=case: last in {letter.case_id for letter in party.node.store.dead_letters()})
        assert {letter.failure for letter in party.node.store.dead_letters()} == {"NO_HANDLER"}
        eventually(lambda: party.node.store.next_due() is None)


def test_a_gallery_that_was_opened_when_it_was_needed_is_closed_with_its_party(folder: Path, monkeypatch) -> None:
    closed = []
    monkeypatch.setattr(NoGallery, "close", lambda gallery: closed.append(list(gallery.subjects)))
    with opened(folder, "immigration-repository") as party:
        party.node.services.matcher.enroll("S1", {})
    assert closed == [["S1"]]


def test_a_fault_of_the_program_that_is_not_contained_ends_the_worker_and_leaves_the_message_due(
    folder: Path, caplog
) -> None:
    def broken(point: str) -> None:
        if point == "relay.before_post":
            raise ZeroDivisionError("a name that nobody may read")

    with opened(folder, "agency-1", trigger=broken, change=lambda node: replace(node, contains_faults=False)) as party:
        dispatch.submit(party.node, b"no card at all")
        server = DoorServer.__new__(DoorServer)
        stop, failed = threading.Event(), threading.Event()
        _started(party.work, server, stop, failed).join(20)
        assert failed.is_set()
        assert server.should_exit
        assert party.node.store.next_due() is not None
    assert "ZeroDivisionError" in caplog.text
    assert "nobody may read" not in caplog.text


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


def one_round(party: bootstrap.RunningParty) -> None:
    turns = iter([False])
    party.work(lambda: next(turns, True))


@pytest.mark.parametrize("has_run", [False, True], ids=["at the start", "later on"])
def test_what_was_queued_by_a_clock_that_ran_ahead_does_not_wait_for_that_time(folder: Path, has_run: bool) -> None:
    clock, points = SetClock(datetime(2026, 3, 2, 8, tzinfo=UTC)), list[str]()
    with opened(folder, "agency-1", clock=clock, trigger=points.append) as party:
        if has_run:
            one_round(party)
        clock.at += timedelta(hours=1)
        dispatch.submit(party.node, b"no card at all")
        clock.at -= timedelta(hours=1, seconds=has_run)
        one_round(party)
        assert "relay.before_post" in points
        one_round(party)  # what has failed keeps its time
        assert points.count("relay.before_post") == 1


def test_a_party_that_lives_elsewhere_is_left_out(folder: Path) -> None:
    (folder / "parties" / "auditor-1" / "tenprint.db").unlink()
    (folder / "parties" / "auditor-1").rename(folder / "elsewhere")
    with opened(folder, "jail-1"), bootstrap.open_network(folder, beside=True) as network:
        assert "auditor-1" not in network.nodes
        assert len(network.nodes) == len(IDS) - 1


def test_what_a_killed_door_left_half_is_gone_when_its_party_starts(folder: Path) -> None:
    with opened(folder, "jail-1") as party:
        (party.blobs.spool_folder() / "post-x.part").write_bytes(b"half")
    with opened(folder, "jail-1") as party:
        assert not list(party.blobs.spool_folder().iterdir())
