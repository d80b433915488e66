"""The drop folder: files with a right checksum become cases once, others wait or are refused, answers lie beside."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from exchange_rig import Rig, card

from tenprint.adapters.drop import DropFolder
from tenprint.bootstrap import logging_to
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.parties import agency
from tenprint.exchange.ports import Work
from tenprint.ledger.receipt import SignedReceipt

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def opened(rig: Rig, folder: Path, role: Role = Role.AGENCY) -> DropFolder:
    node = rig.nodes[role]
    return DropFolder(folder, node, node.store._engine.url, folder.parent / "journal", lambda: None)


@pytest.fixture
def drop(rig: Rig, folder: Path):
    made = opened(rig, folder)
    yield made
    made.close()


def leave(folder: Path, name: str, data: bytes, checksum: str | None = None) -> None:
    (folder / f"{name}.sha256").write_text(checksum if checksum is not None else f"{sha256_hex(data)}  {name}\n")
    (folder / name).write_bytes(data)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def cases(rig: Rig, role: Role = Role.AGENCY) -> int:
    with rig.nodes[role].store.transaction() as tx:
        return len(tx.cases())


def test_a_file_with_its_checksum_becomes_a_case_and_its_answers_lie_in_the_folder(
    rig: Rig, folder: Path, drop: DropFolder
) -> None:
    data = card("P1")
    leave(folder, "one.eft", data)
    assert drop.poll() == 1
    assert names(folder) == set()
    assert names(folder / "taken") == {"one.eft", "one.eft.sha256", "one.eft.txt"}
    assert (folder / "taken" / "one.eft").read_bytes() == data
    assert (folder / "taken" / "one.eft.txt").read_text().startswith("case case-")
    rig.run()
    assert drop.poll() == 3
    written = names(folder / "answers")
    assert {name.split(".")[1] for name in written} == {"ACK", "STATE_SRE", "SRE"}
    for name in written:
        if not name.endswith(".sha256"):
            said = (folder / "answers" / f"{name}.sha256").read_text()
            assert said == f"{sha256_hex((folder / 'answers' / name).read_bytes())}  {name}\n"
    assert drop.poll() == 0


def test_a_file_without_or_with_half_a_checksum_waits(rig: Rig, folder: Path, drop: DropFolder) -> None:
    data = card("P1")
    (folder / "one.eft").write_bytes(data)
    (folder / "two.eft.tmp").write_bytes(data)
    assert drop.poll() == 0
    (folder / "one.eft.sha256").write_text(sha256_hex(data)[:40])
    assert drop.poll() == 0
    assert cases(rig) == 0
    (folder / "one.eft.sha256").write_text(sha256_hex(data).upper())
    assert drop.poll() == 1
    assert cases(rig) == 1


def test_a_file_with_a_wrong_checksum_is_refused_with_a_reason(rig: Rig, folder: Path, drop: DropFolder) -> None:
    leave(folder, "one.eft", card("P1"), sha256_hex(b"another"))
    drop.poll()
    assert names(folder / "refused") == {"one.eft", "one.eft.sha256", "one.eft.txt"}
    code, sentence, hint = (folder / "refused" / "one.eft.txt").read_text().splitlines()
    assert code == "CHECKSUM_WRONG"
    assert sentence
    assert hint.startswith("next: ")
    assert cases(rig) == 0


def test_a_link_is_not_followed(rig: Rig, folder: Path, drop: DropFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"a private key")
    (folder / "one.eft").symlink_to(secret)
    (folder / "one.eft.sha256").write_text(sha256_hex(b"a private key"))
    drop.poll()
    assert (folder / "refused" / "one.eft.txt").read_text().startswith("FILE_UNUSABLE")
    assert secret.read_bytes() == b"a private key"
    assert cases(rig) == 0


def test_the_same_file_again_is_the_same_case_and_other_content_of_a_name_another(
    rig: Rig, folder: Path, drop: DropFolder
) -> None:
    leave(folder, "one.eft", card("P1"))
    drop.poll()
    leave(folder, "one.eft", card("P1"))
    drop.poll()
    assert cases(rig) == 1
    assert "no second case" in (folder / "taken" / "one.eft.txt").read_text()
    leave(folder, "one.eft", card("P2", tcn="TCN-2010-0000002"))
    drop.poll()
    assert cases(rig) == 2
    kept = [path for path in (folder / "taken").iterdir() if path.name.endswith("one.eft")]
    assert len(kept) == 2


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(1, 30))
def test_killed_at_any_write_it_goes_on_and_nothing_happens_twice(
    rig: Rig, folder: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every `os.fsync`, rename and commit of the folder's work is a point at which it may end."""
    leave(folder, "one.eft", card("P1"))
    passes = 0

    def killing(real):
        def call(*arguments, **more):
            nonlocal passes
            passes += 1
            if passes == step:
                raise Killed
            return real(*arguments, **more)

        return call

    made = opened(rig, folder)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", killing(os.fsync))
        patched.setattr(Path, "replace", killing(Path.replace))
        try:
            made.poll()
            rig.run()
            made.poll()
        except Killed:
            pass
    made.close()
    again = opened(rig, folder)
    again.poll()
    rig.run()
    again.poll()
    again.close()
    assert cases(rig) == 1
    assert names(folder) == set()
    assert names(folder / "taken") >= {"one.eft", "one.eft.sha256", "one.eft.txt"}
    answered = {name.split(".")[1] for name in names(folder / "answers") if not name.endswith(".tmp")}
    assert answered == {"ACK", "STATE_SRE", "SRE"}
    assert len(names(folder / "answers") - {n for n in names(folder / "answers") if n.endswith(".tmp")}) == 6


def test_a_file_that_cannot_be_kept_stays_where_it_is(rig: Rig, folder: Path, monkeypatch) -> None:
    made = opened(rig, folder)
    leave(folder, "one.eft", card("P1"))

    def full(data: bytes) -> str:
        raise StorageError("STORE_FULL", "no space")

    with monkeypatch.context() as patched:
        patched.setattr(rig.nodes[Role.AGENCY].services.blobs, "put", full)
        with pytest.raises(StorageError):
            made.poll()
    assert names(folder) == {"one.eft", "one.eft.sha256"}
    assert made.poll() == 1
    made.close()


def test_a_party_that_books_nobody_takes_envelopes_and_gives_receipts(rig: Rig, folder: Path) -> None:
    made = opened(rig, folder, Role.STATE_BUREAU)
    envelope = Envelope(
        id="car-1", kind=Kind.CAR, sender="agency", recipient="state_bureau", case_id="case-1",
        sent_at=rig.clock.now(), body=card("P1"),
    )  # fmt: skip
    signed = envelope.signed(rig.keys[Role.AGENCY].sign(envelope.signed_bytes()))
    leave(folder, "good.envelope", signed.to_bytes())
    leave(folder, "bad.envelope", envelope.signed(bytes(64)).to_bytes())
    leave(folder, "booking.eft", card("P1"))
    assert made.poll() == 2
    receipt = SignedReceipt.from_bytes((folder / "answers" / "good.envelope.receipt").read_bytes())
    assert receipt.receipt.message == "car-1"
    assert (folder / "refused" / "bad.envelope.txt").read_text().startswith("SIGNATURE_INVALID")
    assert "booking.eft" in names(folder)
    rig.run()
    assert cases(rig, Role.STATE_BUREAU) == 1
    made.close()


def test_a_folder_that_is_called_like_a_file_is_refused_and_keeps_no_file_waiting(
    rig: Rig, folder: Path, drop: DropFolder
) -> None:
    (folder / "a.eft").mkdir()
    (folder / "a.eft" / "inside").write_bytes(b"")
    (folder / "a.eft.sha256").write_text(sha256_hex(b""))
    leave(folder, "b.eft", card("P1"))
    assert drop.poll() == 2
    assert (folder / "refused" / "a.eft.txt").read_text().startswith("FILE_UNUSABLE")
    assert cases(rig) == 1


def test_a_file_that_cannot_be_moved_keeps_no_other_waiting_and_is_a_fault(
    rig: Rig, folder: Path, drop: DropFolder
) -> None:
    blocked = folder / "taken" / f"{sha256_hex(card('P1'))[:12]}.a.eft"
    for place in (folder / "taken" / "a.eft", blocked):
        place.mkdir()
    leave(folder, "a.eft", card("P1"))
    leave(folder, "b.eft", card("P2", tcn="TCN-2010-0000002"))
    with pytest.raises(OSError, match="directory"):
        drop.poll()
    assert cases(rig) == 2
    assert names(folder) == {"a.eft", "a.eft.sha256"}
    blocked.rmdir()
    assert drop.poll() == 1
    assert (cases(rig), names(folder)) == (2, set())


@pytest.mark.parametrize("name", ["n" * 240, "o" * 177, "two\nlines", "bell\x07", "c1\x85"])
def test_a_name_that_cannot_be_used_is_refused_under_another_one(
    rig: Rig, folder: Path, drop: DropFolder, name: str
) -> None:
    leave(folder, f"{name}.eft", card("P1"))
    leave(folder, "zz.eft", card("P2", tcn="TCN-2010-0000002"))
    assert drop.poll() == 2
    (said,) = (folder / "refused").glob("unusable-name-*.eft.txt")
    assert said.read_text().startswith("FILE_NAME_UNUSABLE")
    assert said.with_name(said.stem).read_bytes() == card("P1")
    assert said.with_name(f"{said.stem}.sha256").exists()
    assert (cases(rig), names(folder)) == (1, set())


def test_the_longest_name_gets_its_answers(rig: Rig, folder: Path, drop: DropFolder) -> None:
    rig.known_to_immigration("P7")
    leave(folder, "n" * 176 + ".eft", card("P7"))
    assert drop.poll() == 1
    rig.run()
    rig.wait(timedelta(hours=1))
    drop.poll()
    assert len(names(folder / "answers")) == 6


def test_nothing_is_written_through_a_link_that_a_client_left(
    rig: Rig, folder: Path, drop: DropFolder, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"a private key")
    for place in ("taken/one.eft.txt", "taken/one.eft.txt.tmp", "refused/two.eft.txt.tmp"):
        (folder / place).symlink_to(key)
    leave(folder, "one.eft", card("P1"))
    leave(folder, "two.eft", card("P2"), sha256_hex(b"another"))
    assert drop.poll() == 2
    assert key.read_bytes() == b"a private key"
    assert (folder / "taken" / "one.eft.txt").read_text().startswith("case ")


def test_what_the_party_refused_is_not_given_to_the_client(make: Callable[..., Rig], folder: Path) -> None:
    rig = make(court=True)
    made = opened(rig, folder)
    leave(folder, "one.eft", card("P1"))
    made.poll()
    rig.run()
    made.poll()
    given = names(folder / "answers")
    (case_id,) = (path.name for path in (folder.parent / "journal" / "cases").iterdir())
    for number, said_of in enumerate((case_id, f"{case_id}/x", "x/../../key")):
        rig.say(Role.COURT, Role.AGENCY, Kind.ACK, b"{}", said_of, id=f"ack-{number}")
    rig.wait(timedelta(hours=1))
    made.poll()
    assert len(rig.failures(Role.AGENCY)) == 3
    assert names(folder / "answers") == given
    made.close()


def test_an_answer_that_was_given_up_is_given_to_the_client_once_it_was_revived(
    rig: Rig, folder: Path, drop: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(folder, "one.eft", card("P1"))
    drop.poll()
    handler = agency.HANDLERS[Kind.STATE_SRE]

    def refuse(work: Work, prepared: object) -> None:
        raise SenderError("NO_PEER", "for a while")

    monkeypatch.setitem(agency.HANDLERS, Kind.STATE_SRE, refuse)
    rig.run()
    assert drop.poll() == 2
    monkeypatch.setitem(agency.HANDLERS, Kind.STATE_SRE, handler)
    assert drop.poll() == 0
    dispatch.revive(rig.nodes[Role.AGENCY], rig.nodes[Role.AGENCY].store.dead_letters())
    rig.run()
    assert drop.poll() == 1
    assert {name.split(".")[1] for name in names(folder / "answers")} == {"ACK", "STATE_SRE", "SRE"}
    assert drop.poll() == 0


def test_a_refusal_is_an_event_of_the_log_without_the_files_name(
    folder: Path, drop: DropFolder, tmp_path: Path
) -> None:
    with logging_to(tmp_path / "log", "info"):
        leave(folder, "SAMPLESON.eft", card("P1"), sha256_hex(b"another"))
        drop.poll()
    (line,) = (tmp_path / "log").read_text().splitlines()
    said = json.loads(line)
    assert (said["event"], said["party"], said["code"]) == ("drop_refused", "agency", "CHECKSUM_WRONG")
    assert "SAMPLESON" not in line


def test_what_an_audit_answers_is_not_given_to_the_client(rig: Rig, folder: Path, drop: DropFolder) -> None:
    leave(folder, "one.eft", card("P1"))
    drop.poll()
    rig.run()
    (case_id,) = (path.name for path in (folder.parent / "journal" / "cases").iterdir())
    dispatch.ask_for_trail(rig.nodes[Role.AGENCY], case_id)
    rig.run()
    assert len(rig.messages(Role.AGENCY, case_id, Kind.AUDIT_ANSWER)) == 1
    drop.poll()
    assert {name.split(".")[1] for name in names(folder / "answers")} == {"ACK", "STATE_SRE", "SRE"}
