"""On a terminal of 80 columns no id and no word of a table is broken over lines."""

import pytest

from tenprint.cli import output

ID = "request-0123456789abcdef0123"
HEADS = ("request", "topic", "about", "by", "to", "asked", "due", "is", "answer")
ROW = (ID, "disclosed", "agency-1", "city-1", "immigration-repository", "2010-10-04T08:00:00.000Z",
       "2010-10-14T08:00:00.000Z", "pending", "not yet")  # fmt: skip


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(output, "console", output._LateConsole(stderr=False))


def test_a_table_that_fits_has_its_frame(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("Few", ("one", "two"), [("a", "b c")], whole=("one",))
    assert "│" in capsys.readouterr().out


def test_the_status_of_parties_breaks_no_head_and_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    heads = ("party", "runs", "is", "cases", "tasks", "in/out", "given up", "ledger")
    row = ("immigration-repository", "yes", "stopped", 12, 3, "0/12", 0, 12345)
    output.print_table("Parties", heads, [row], whole=("party",))
    words = capsys.readouterr().out.split()
    assert [*" ".join(heads).split()] == [word for word in words if word in " ".join(heads).split()]
    assert {str(cell) for cell in row} <= set(words)


def test_a_table_that_just_fits_breaks_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    heads = ("party", "runs", "is", "cases", "tasks", "in/out", "given up", "ledger")
    output.print_table("Parties", heads, [("immigration-repository", "yes", "ok", 0, 0, "0/0", 0, 3)], whole=("party",))
    said = capsys.readouterr().out
    assert "ledger" in said
    assert "given" in said


def test_a_row_that_is_too_long_becomes_lines_in_which_every_value_is_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.print_table("Requests", HEADS, [ROW, ROW], whole=("request",))
    said = capsys.readouterr().out
    assert said.count(ID) == 2
    for head, cell in zip(HEADS, ROW, strict=True):
        assert f"{head:>14}  {cell}" in said.splitlines()
