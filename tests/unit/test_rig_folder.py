"""The rig's folder: whole files in, answers out, and what a client says by moving them."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from rig_maker import Bench, a_car

from tenprint.adapters.rig_folder import RigFolder


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return tmp_path / "box"


def _put(box: Path, name: str, data: bytes, checksum: str | None = None) -> None:
    (box / name).write_bytes(data)
    said = checksum if checksum is not None else hashlib.sha256(data).hexdigest()
    (box / f"{name}.sha256").write_text(f"{said}  {name}\n")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_submission_is_taken_in_and_its_answer_appears_with_a_checksum(box: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"))
    folder.look(bench.now)
    assert _names(box) == []
    assert _names(box / "received") == ["one.eft", "one.eft.sha256"]
    assert _names(box / "answers") == ["a0001-1.eft", "a0001-1.eft.sha256"]
    data = (box / "answers" / "a0001-1.eft").read_bytes()
    assert (box / "answers" / "a0001-1.eft.sha256").read_text() == f"{hashlib.sha256(data).hexdigest()}  a0001-1.eft\n"


def test_nothing_is_read_before_its_checksum_is_there_and_written(box: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    (box / "one.eft.tmp").write_bytes(b"half")
    (box / "two.eft").write_bytes(a_car("IDENT-0000001"))
    folder.look(bench.now)
    (box / "two.eft.sha256").touch()
    folder.look(bench.now)
    assert bench.rig.came == []
    assert _names(box) == ["one.eft.tmp", "two.eft", "two.eft.sha256"]


@pytest.mark.parametrize(
    ("way", "outcome"), [("delete", "taken"), ("taken", "taken"), ("repeat", "repeat"), ("refused", "refused")]
)
def test_an_answer_is_acknowledged_by_deleting_or_moving_it(box: Path, way: str, outcome: str) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"))
    folder.look(bench.now)
    answer = box / "answers" / "a0001-1.eft"
    if way == "delete":
        answer.unlink()
    else:
        answer.replace(box / "answers" / way / answer.name)
    folder.look(bench.now)
    (said,) = bench.report()["submissions"][0]["answers"]
    assert said["acknowledged_as"] == (way if way != "delete" else "taken")
    folder.look(bench.now)
    assert _names(box / "answers") == []


def test_an_answer_in_pieces_has_its_name_only_when_it_is_whole(box: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("PIECES-000001"))
    folder.look(bench.now)
    assert _names(box / "answers") == ["a0001-1.eft.tmp"]
    folder.look(bench.now)
    assert _names(box / "answers") == ["a0001-1.eft", "a0001-1.eft.sha256"]


def test_a_damaged_answer_does_not_fit_its_checksum(box: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("DAMAGED-00001"))
    folder.look(bench.now)
    data = (box / "answers" / "a0001-1.eft").read_bytes()
    assert hashlib.sha256(data).hexdigest() not in (box / "answers" / "a0001-1.eft.sha256").read_text()


def test_a_file_that_is_not_what_its_checksum_says_is_refused_with_a_code(box: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"), checksum="0" * 64)
    _put(box, "two.eft", b"hello")
    _put(box, "three.eft", a_car("IDENT-0000001"), checksum="nonsense")
    folder.look(bench.now)
    assert bench.rig.came == []
    codes = {p.name: json.loads(p.read_text())["code"] for p in (box / "refused").glob("*.json")}
    assert codes == {
        "one.eft.json": "RIG_CHECKSUM", "two.eft.json": "RIG_NOT_EBTS", "three.eft.json": "RIG_CHECKSUM"
    }  # fmt: skip
    assert bench.report()["counts"]["refused_at_the_door"] == 3


def test_links_pipes_folders_and_names_that_are_too_long_harm_nothing(box: Path, tmp_path: Path) -> None:
    bench = Bench()
    folder = RigFolder(box, bench.rig)
    secret = tmp_path / "secret"
    secret.write_bytes(a_car("IDENT-0000001"))
    (box / "link.eft").symlink_to(secret)
    os.mkfifo(box / "pipe.eft")
    (box / "folder.eft").mkdir()
    for name in ("link.eft", "pipe.eft", "folder.eft"):
        (box / f"{name}.sha256").write_text("0" * 64)
    _put(box, "n" * 244 + ".eft", b"hello")
    for _ in range(3):
        folder.look(bench.now)
    assert bench.rig.came == []
    assert secret.exists()
    _put(box, "good.eft", a_car("IDENT-0000001"))
    folder.look(bench.now)
    assert len(bench.rig.came) == 1


def test_a_rig_that_was_killed_between_noting_and_renaming_still_puts_the_answer_out(box: Path) -> None:
    bench = Bench()
    _put_out = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"))
    _put_out.look(bench.now)
    answer = box / "answers" / "a0001-1.eft"
    answer.replace(answer.with_name("a0001-1.eft.tmp"))
    again = Bench(memory=bench.memory)
    RigFolder(box, again.rig).look(again.now)
    assert answer.exists()
    assert again.report()["submissions"][0]["answers"][0]["acknowledged_as"] == ""


def test_a_rig_that_was_killed_does_not_put_out_again_what_was_taken_meanwhile(box: Path) -> None:
    bench = Bench()
    first = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"))
    first.look(bench.now)
    (box / "answers" / "a0001-1.eft").unlink()
    again = Bench(memory=bench.memory)
    RigFolder(box, again.rig).look(again.now)
    assert _names(box / "answers") == []
    assert again.report()["submissions"][0]["answers"][0]["acknowledged_as"] == "taken"


def test_an_acknowledgement_of_a_state_bureau_is_a_file_of_its_own_kind(box: Path) -> None:
    bench = Bench("state_bureau")
    folder = RigFolder(box, bench.rig)
    _put(box, "one.eft", a_car("IDENT-0000001"))
    folder.look(bench.now)
    told = json.loads((box / "answers" / "a0001-1.json").read_text())
    assert told["tcn"] == "IDENT-0000001"
