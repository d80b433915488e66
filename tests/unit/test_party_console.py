"""The console of one party beside its process: its own database and no other's, the rules of access as they are."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from console_rig import Desktop, House, Reader, sign, text_of
from exchange_rig import Rig, rigs
from test_bootstrap_party import NoGallery
from test_cli_refusals import tenprint
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.adapters.accounts import AccountFile
from tenprint.cli.app import app
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.envelope import NLETS_CONTENT, Envelope
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.records.nlets.iaq import Iaq
from tenprint.web.app import COOKIE, create_app

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
STAFF = {
    "SUE SPECIALIST": ("support_center", "specialist"), "AMY AUDITOR": ("support_center", "auditor"),
    "OPAL OPERATOR": ("support_center", "operator"), "OLE OFFICER": ("field_office", "officer"),
}  # fmt: skip
GROUND = "8 USC 1227(a)(1)(B) overstay (fictitious)"
CASES = ("case-one", "case-two")
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A case on which the field office decides; the support center has answered."""
    with rigs() as make:
        made = make()
        made.until_status()
        made.run()
        yield made


@pytest.fixture
def center(rig: Rig, tmp_path: Path) -> Any:
    """The console of the support center alone."""
    return center_of(rig, tmp_path)


def center_of(rig: Rig, folder: Path) -> Any:
    for name, (party, role) in STAFF.items():
        AccountFile(folder, QUICK).add(name, party, role, PASSWORD)
    house = House(nodes={"support_center": rig.nodes[Role.SUPPORT_CENTER]}, clock=rig.clock, run=lambda: 0)
    return create_app(house, is_demo=False, accounts=AccountFile(folder, QUICK, party="support_center"))


def test_only_the_partys_own_people_come_in_and_every_page_says_whose_console_it_is(center: Any) -> None:
    officer = Reader(center)
    assert "Console of the support center: it reads this party's own database and no other." in officer.get("/sign-in")
    refused = officer.post("/sign-in", 422, name="OLE OFFICER", password=PASSWORD)
    assert "SIGN_IN_REFUSED" in officer.page or "no account has this name and password" in refused.lower()
    assert Reader(center).sign_in("SUE SPECIALIST", PASSWORD).sent_to == "/queue"


def test_consoles_of_two_parties_on_one_machine_do_not_sign_each_other_out(center: Any, rig: Rig) -> None:
    desk = Reader(center).sign_in("SUE SPECIALIST", PASSWORD)
    assert f"{COOKIE}_support_center" in desk.client.cookies and COOKIE not in desk.client.cookies


def test_a_case_page_tells_what_the_party_knows_and_does_not_call_it_the_whole(center: Any, rig: Rig) -> None:
    (task,) = rig.tasks(Role.SUPPORT_CENTER)
    desk = Reader(center).sign_in("SUE SPECIALIST", PASSWORD)
    page = desk.get(f"/cases/{task.case_id}")
    assert "Demo" not in page and "IAR" in page and "1 party" in page
    assert not desk.json(f"/cases/{task.case_id}.json")["is_whole"]


def test_an_auditor_reads_the_ledger_here_and_is_told_that_others_lie_elsewhere(center: Any) -> None:
    auditor = Reader(center).sign_in("AMY AUDITOR", PASSWORD)
    assert "It verifies" in auditor.get("/ledger/support_center")
    page = auditor.get("/ledger/field_office", 404)
    assert "Only the field office itself shows this." in page
    assert "no other database than that of the support center" in page and "PARTY_ELSEWHERE" in page
    assert "There is no such party." in auditor.get("/ledger/prison", 404)
    assert "PARTY_ELSEWHERE" in auditor.get("/why/jail/0", 404)


def test_a_specialist_is_refused_anothers_ledger_by_the_rule_as_before(center: Any) -> None:
    desk = Reader(center).sign_in("SUE SPECIALIST", PASSWORD)
    assert "another-partys-ledger" in desk.get("/ledger/field_office", 403)


def test_the_public_page_names_everybody_and_counts_only_what_the_party_counted(center: Any, rig: Rig) -> None:
    page = Reader(center).get("/network")
    assert "Counted by the support center alone" in page
    assert page.count("not here: this console does not read its database") == len(rig.nodes) - 1
    twin = Reader(center).json("/network.json")
    assert len(twin["parties"]) == len(rig.nodes) and twin["counted_by"] == ["support_center"]
    tables = {table["title"]: table["rows"] for table in twin["counts"]}
    assert tables["Bookings"] == {}  # nobody here counts bookings, which is not the same as few
    assert [title for title in tables if title.startswith("Cases as")] == ["Cases as the support center knows them"]
    assert "PARTY_ELSEWHERE" in Reader(center).get("/network/checkpoints/jail", 404)


def test_an_operator_sees_the_own_partys_work_and_no_address_of_metrics(center: Any) -> None:
    page = Reader(center).sign_in("OPAL OPERATOR", PASSWORD).get("/operations")
    assert "Support center" in page and "/metrics" not in page and "Field office" not in page


def test_a_ledger_to_which_another_process_adds_while_its_page_is_made_still_verifies(
    make: Callable[..., Rig], tmp_path: Path
) -> None:
    rig = make()
    node, said = rig.nodes[Role.SUPPORT_CENTER], []
    newest = node.store.newest_checkpoint
    auditor = Reader(center_of(rig, tmp_path)).sign_in("AMY AUDITOR", PASSWORD)

    def added_first() -> bytes | None:
        """Return the newest checkpoint once another process has added and signed an entry."""
        number = len(said)
        said.append(
            rig.say(Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER, Kind.IAQ, query(f"R{number}"), f"case-{number}")
        )
        sign(rig)
        return newest()

    node.store.newest_checkpoint = added_first
    assert "It verifies: every entry and the root" in auditor.get("/ledger/support_center")
    assert said


class BusyHouse(House):
    """A party whose process takes nothing up before it is `let_go`."""

    is_beside = True

    def settle(self, *, case_id: str) -> bool:
        self.waits.release()
        return bool(case_id) and self.let_go.wait(WAIT_SECONDS)


def test_who_answers_waits_for_the_partys_process_and_holds_nobody_up_and_too_many_are_told_at_once(
    make: Callable[..., Rig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenprint.web.desk.MOST_WAITING", 1)
    rig, party = make(), Role.SUPPORT_CENTER
    cases = [rig.until_examined(f"P{number}", tcn=f"TCN-2010-000000{number}") for number in (7, 8)]
    nodes = {"support_center": rig.nodes[party]}
    house = BusyHouse(nodes=nodes, clock=rig.clock, run=lambda: 0, waits=Semaphore(0), let_go=Event())
    AccountFile(tmp_path, QUICK).add("SUE SPECIALIST", "support_center", "specialist", PASSWORD)
    app = create_app(house, is_demo=False, accounts=AccountFile(tmp_path, QUICK, party="support_center"))

    def answered(case_id: str, status: int) -> str:
        at_desk = Reader(app).sign_in("SUE SPECIALIST", PASSWORD)
        return answer(at_desk, f"/tasks/{rig.task(party, TaskKind.STATUS, case_id).id}", status)

    with ThreadPoolExecutor(3) as people:
        try:
            first = people.submit(answered, cases[0], 303)
            assert house.waits.acquire(timeout=WAIT_SECONDS)
            asked = people.submit(lambda: Reader(app).sign_in("SUE SPECIALIST", PASSWORD).get("/queue"))
            assert "Say what the records tell" in asked.result(timeout=WAIT_SECONDS / 4)
            told = people.submit(answered, cases[1], 202).result(timeout=WAIT_SECONDS / 4)
            assert "Your answer was recorded and stands" in told and "You need not answer again" in told
            assert not first.done()
        finally:
            house.let_go.set()
        first.result()
    answers = [rig.messages(party, case_id, Kind.TASK_ANSWER) for case_id in cases]
    assert [len(one) for one in answers] == [1, 1]


def query(reference: str) -> bytes:
    """Return an IAQ about an invented person."""
    return Iaq(
        ori="XXFBI0001", ref=reference, atn="TEST DESK", phn="3045550100", nam="SAMPLESON,PERSON QUINCE",
        dob="19800229", sex="F", pob="MM", fin="1001",
    ).to_bytes()  # fmt: skip


# What follows runs real processes: `folder` is the machine of all parties but the support center, which has its own.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Found eleven parties; the support center's specialist is asked about two cases."""
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)
    net = tmp_path / "net"
    bootstrap.init_network(net, founding=bootstrap.Founding(net, clock_mode="system", founders="eleven"))
    with bootstrap.open_network(net, workers=0) as network:
        asker = network.node("criminal-repository")
        for case_id in CASES:
            envelope = Envelope(
                id=f"iaq-{case_id}", kind=Kind.IAQ, sender="criminal-repository", recipient="support-center",
                case_id=case_id, sent_at=network.clock.now(), body=query(case_id), content_type=NLETS_CONTENT,
            )  # fmt: skip
            signed = envelope.signed(asker.services.signer.sign(envelope.signed_bytes()))
            asker.post.deliver(signed.to_bytes(), "support-center")
        network.run()
        assert len(tasks_of(network, "support-center")) == len(CASES)
    people = AccountFile(net, QUICK)
    people.add("SUE SPECIALIST", "support-center", "specialist", PASSWORD)
    people.add("OLE OFFICER", "field-office", "officer", PASSWORD)
    return net


@pytest.fixture
def apart(folder: Path, tmp_path: Path) -> Path:
    """Give the support center a machine of its own: of the others there are only their certificates."""
    own = tmp_path / "own"
    for place in bootstrap.load_network(folder).places:
        (own / place.home).mkdir(parents=True)
        if place.party.id != "support-center":
            shutil.copy(folder / place.certificate, own / place.certificate)
    for name in ("network.toml", "accounts.json"):
        shutil.copy(folder / name, own / name)
    shutil.rmtree(own / "parties" / "support-center")
    (folder / "parties" / "support-center").rename(own / "parties" / "support-center")
    (folder / "parties" / "support-center").mkdir()
    shutil.copy(own / "parties" / "support-center" / "tls.crt", folder / "parties" / "support-center")
    return own


def tasks_of(network: bootstrap.Network, party: str) -> list[Task]:
    with network.node(party).store.transaction() as tx:
        return tx.tasks(open_only=True)


@contextmanager
def serving(*arguments: object) -> Iterator[dict[str, Any]]:
    """Run `tenprint serve` as a process; gives what it says once it is ready."""
    line = [sys.executable, "-m", "tenprint", "serve", "--json", *map(str, arguments)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0
        process.stdout.close()


class Remote(Desktop):
    """A browser at a console that another process serves."""

    def __init__(self, site: str) -> None:
        self.client = httpx2.Client(base_url=site, headers={"origin": site}, follow_redirects=False, timeout=30)
        self.page = self.sent_to = ""


def eventually(true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < ends_at, "it did not come true"
        time.sleep(0.1)


def paths(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="(/tasks/[^"#/]+)"', page)))


def answer(desk: Desktop, path: str, status: int = 303, *, said: str = "removable") -> str:
    desk.get(path)
    return text_of(desk.post(path, status, answer=said, reason="as the records say", legal_ground=GROUND))


def test_a_decision_at_a_partys_console_travels_by_the_partys_process_to_the_next_party(
    folder: Path, apart: Path
) -> None:
    with (
        serving("--console", "support-center", "--data", apart) as center,
        serving("--party", "field-office", "--data", folder),
        serving("--console", "field-office", "--data", folder) as office,
    ):
        assert (center["runs"], center["ready"]) == (None, True) and office["runs"]
        listed = tenprint("tasks", "list", "--json", "--data", apart)  # whose others' folders hold no more than tls.crt
        assert listed.returncode == 0, listed.stderr
        assert {task["party"] for task in json.loads(listed.stdout)} == {"support-center"}
        specialist = Remote(center["url"]).sign_in("SUE SPECIALIST", PASSWORD)
        officer = Remote(office["url"]).sign_in("OLE OFFICER", PASSWORD)
        first, second = paths(specialist.get("/queue"))
        said = answer(specialist, first, 202)  # nobody does the party's work yet
        assert "Your answer was recorded and stands" in said and "it does not run" in said
        assert "is on its way" in answer(specialist, first, 422, said="unknown")
        assert paths(officer.get("/queue")) == []
        with serving("--party", "support-center", "--data", apart):
            eventually(lambda: len(paths(officer.get("/queue"))) == 1)
            answer(specialist, second)
            assert specialist.sent_to == f"{second}#recorded"
            assert "What happens next" in specialist.get(second)
            eventually(lambda: len(paths(officer.get("/queue"))) == len(CASES))
            assert GROUND in officer.get(paths(officer.page)[0])
        path = paths(officer.get("/queue"))[0]
        officer.get(path)
        officer.post(path, answer="no_action", reason="nothing follows")
        assert len(paths(officer.get("/queue"))) == len(CASES) - 1


def test_a_console_is_refused_where_it_cannot_be_one(folder: Path, tmp_path: Path) -> None:
    for words, code in (
        (("--console", "prison", "--data", folder), "UNKNOWN_PARTY"),
        (("--console", "jail-1", "--party", "jail-1", "--data", folder), "CLI_CONTRADICTION"),
        (("--console", "jail-1", "--demo", "--data", folder), "CLI_CONTRADICTION"),
        (("--console", "jail-1", "--metrics-port", "0", "--data", folder), "CLI_CONTRADICTION"),
    ):
        refused = CliRunner().invoke(app, ["serve", *map(str, words)])
        assert isinstance(refused.exception, SenderError) and refused.exception.code == code
    shutil.rmtree(folder / "parties" / "jail-1")
    with pytest.raises(SenderError, match="PARTY_ELSEWHERE"):
        bootstrap.open_beside(folder, "jail-1")
    with bootstrap.open_network(folder, workers=0), pytest.raises(StorageError, match="STORE_LOCKED"):
        bootstrap.open_beside(folder, "court-1")
    bootstrap.init_network(tmp_path / "small")
    with pytest.raises(SenderError, match="CLOCK_SIMULATED"):
        bootstrap.open_beside(tmp_path / "small", "jail")
