"""The drop folder: files with a right checksum become cases once, others wait or are refused, answers lie beside."""

import os
from pathlib import Path

import pytest
from exchange_rig import Rig, card

from tenprint.adapters.drop import DropFolder
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import StorageError
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role
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
