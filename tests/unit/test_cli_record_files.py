"""`tenprint records validate` and `roundtrip`: files and directories, what is refused, what the exit codes say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from records_rig import FILES, a_booking, needs_samples, refusal, run, told

from tenprint.cli import record_files
from tenprint.cli.output import plain, read_file, write_new
from tenprint.cli.record_files import files_of
from tenprint.core.errors import SenderError
from tenprint.records.itl.record import MAX_FIELDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a directory of two transactions, one of them below it, and things that are none."""
    found = tmp_path / "files"
    (found / "b" / ".hidden").mkdir(parents=True)
    (found / "b" / "one.an2").write_bytes(a_booking())
    (found / "a.an2").write_bytes(a_booking(4))
    (found / ".notes.an2").write_bytes(b"not taken")
    (found / "b" / ".hidden" / "x.an2").write_bytes(b"not taken")
    (found / "loop").symlink_to(found, target_is_directory=True)
    os.mkfifo(found / "pipe.an2")
    return found


def test_a_directory_gives_its_files_in_one_order_without_hidden_ones_pipes_and_loops(folder: Path) -> None:
    (folder / "b.an2").write_bytes(b"x")
    names = [str(f.relative_to(folder)) for f in files_of([folder])]
    assert names == ["a.an2", "b/one.an2", "b.an2"]
    assert files_of([folder, folder / "a.an2"]) == files_of([folder])
    assert [f.name for f in files_of([folder], "o*.an2")] == ["one.an2"]


def test_more_files_than_one_run_can_tell_about_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_files, "MAX_FILES", 1)
    assert refusal("validate", folder).code == "FILES_TOO_MANY"


def test_files_written_again_are_the_same_and_the_count_says_so(folder: Path) -> None:
    done = run("roundtrip", folder)
    assert done.exit_code == 0
    assert done.stdout == "2 files the same\n"


def test_a_file_that_comes_back_otherwise_is_told_with_its_first_byte(tmp_path: Path) -> None:
    many = b"1.001:9\x1d" * (MAX_FIELDS + 5)
    (tmp_path / "a.an2").write_bytes(many + b"\x1c")
    (tmp_path / "b.an2").write_bytes(a_booking())
    assert run("roundtrip", tmp_path).exit_code == 1
    found = told("roundtrip", tmp_path)
    assert (found["same"], found["different"], found["unreadable"]) == (1, 1, 0)
    assert found["files"][0]["first_difference"] == MAX_FIELDS * len(b"1.001:9\x1d") - 1


def test_one_file_that_cannot_be_read_hides_no_other(folder: Path, tmp_path: Path) -> None:
    (folder / "empty.an2").touch()
    for command in ("roundtrip", "validate"):
        done = run(command, folder, tmp_path / "gone.an2")
        assert done.exit_code == 2
        assert "FILE_EMPTY" in done.stderr
        assert "FILE_MISSING" in done.stderr
        assert "2 unreadable" in done.stdout
    (folder / "text.an2").write_bytes(b"no transaction")
    done = run("roundtrip", folder)
    assert "E0004" in done.stderr
    assert done.stdout.startswith("2 files the same")
    assert run("validate", folder / "text.an2").exit_code == 1


def test_files_are_judged_by_the_standard_when_it_is_named(folder: Path) -> None:
    found = told("validate", folder, "--profile", "itl-2011")
    assert [Path(one["file"]).name for one in found] == ["a.an2", "one.an2"]
    assert {one["profile"] for one in found} == {"itl-2011"}


def test_a_file_larger_than_the_bound_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    large = tmp_path / "large.an2"
    with large.open("wb") as file:
        file.truncate(4 << 30)
    assert refusal("inspect", large).code == "FILE_TOO_LARGE"
    assert refusal("inspect", tmp_path).code == "FILE_UNREADABLE"
    # A device says that it has no bytes and never ends.
    with pytest.raises(SenderError) as refused:
        read_file(Path("/dev/zero"), limit_bytes=1000)
    assert refused.value.code == "FILE_TOO_LARGE"


def test_names_and_contents_cannot_steer_the_terminal_and_need_not_be_utf_8(tmp_path: Path) -> None:
    name = b"\xff\x1b[31mred.an2"
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(a_booking(nam="SAMPLE\x1b[31m"[:6]))
    done = run("validate", path)
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mred.an2" in done.stdout
    assert told("validate", path)[0]["file"] == str(path)
    assert plain("a[b]\x1b\u202e\udcffé\n") == "a[b]\\x1b\\u202e\\udcffé\n"


def test_a_file_is_written_whole_or_not_at_all_and_replaces_none_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_new(path, b"first")
    with pytest.raises(SenderError) as refused:
        write_new(path, b"second")
    assert refused.value.code == "FILE_EXISTS"
    assert path.read_bytes() == b"first"
    write_new(path, b"third", force=True)
    assert path.read_bytes() == b"third"
    with pytest.raises(SenderError) as refused:
        write_new(tmp_path / "gone" / "out", b"x")
    assert refused.value.code == "FILE_UNWRITABLE"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write_new(tmp_path / "out", b"first")
    with pytest.raises(SenderError) as refused:
        write_new(tmp_path / "out", b"second")
    assert refused.value.code == "FILE_EXISTS"
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("out", b"first")]


@needs_samples
def test_every_sample_file_comes_back_the_same_from_its_parts() -> None:
    found = told("roundtrip", *FILES)
    assert (found["same"], found["different"], found["unreadable"]) == (len(FILES), 0, 0)
