"""What the documents point at is there: links, pictures, and every command with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from tenprint.cli.app import app
from tenprint.exchange.model.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = (".py", ".html")
TENPRINT = re.compile(r"(?<![\w/-])(?:\.venv/bin/)?tenprint(?=\s|$)")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _commands(text: str) -> Iterator[str]:
    """Yield what stands behind every `tenprint` in code: in blocks for a shell, and between backticks."""
    blocks = [block for language, block in FENCED.findall(text) if language in ("sh", "")]
    lines = [line.partition(" #")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for code in [*lines, *re.findall(r"`([^`]+)`", FENCED.sub("", text))]:
        for one in re.split(r"&&|\||;", code):
            if found := TENPRINT.match(one.strip()):
                yield one.strip()[found.end() :]


def _fault(words: str) -> str:
    """Return what a command line names that does not exist, or nothing."""
    command = typer.main.get_command(app)
    for word in shlex.split(words):
        if word.startswith("-"):
            known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in known | {"--help"}:
                return f"{command.name} has no option {word}"
        elif hasattr(command, "commands"):  # a group; Typer brings its own Click, which may not be ours
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_relative_link_and_picture_of_a_document_is_there(path: Path) -> None:
    links = [link for link in LINK.findall(FENCED.sub("", path.read_text())) if not re.match(r"\w+:|#", link)]
    missing = [link for link in links if not (path.parent / unquote(link.partition("#")[0])).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_command_that_a_document_names_exists_with_its_options(path: Path) -> None:
    faults = {words: fault for words in _commands(path.read_text()) if (fault := _fault(words))}
    assert faults == {}


def test_the_guide_of_the_console_is_linked_and_shows_every_picture_of_it() -> None:
    guide = ROOT / "docs" / "guide" / "console.md"
    assert "docs/guide/console.md" in LINK.findall((ROOT / "README.md").read_text())
    shown = {Path(link).name for link in LINK.findall(guide.read_text()) if link.endswith(".png")}
    taken = {path.name for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert {name for name in taken - shown if name.startswith(("console-", "viewer-"))} == set()


def test_every_picture_of_the_documents_is_shown_by_one() -> None:
    shown = {Path(link).name for path in DOCUMENTS for link in LINK.findall(path.read_text()) if link.endswith(".png")}
    assert {path.name for path in (ROOT / "docs" / "pictures").glob("*.png")} - shown == set()


def test_every_button_and_title_that_the_guide_of_the_console_quotes_stands_on_a_page() -> None:
    text = FENCED.sub("", (ROOT / "docs" / "guide" / "console.md").read_text())
    quoted = [" ".join(one.split()) for one in re.findall(r'"([^"]+)"', re.sub(r"`[^`]*`", "", text))]
    pages = [path.read_text() for path in (ROOT / "src" / "tenprint" / "web").rglob("*.*") if path.suffix in PAGES]
    assert len(quoted) > 5
    assert [one for one in quoted if not any(one in page for page in pages)] == []


def test_only_the_tests_that_take_the_documents_pictures_know_where_these_lie() -> None:
    files = (path for path in (ROOT / "tests" / "web").glob("*.py") if '"docs"' in path.read_text())
    assert [path.name for path in files] == ["test_web_pictures.py"]


@pytest.mark.parametrize("words", ["fly", "ledger nothing", "demo --fast", "accounts add X --colour red", "--quick"])
def test_a_command_or_an_option_that_is_made_up_is_found(words: str) -> None:
    assert _fault(words)


def test_the_guide_of_the_exchange_has_a_row_for_every_kind_that_travels() -> None:
    rows = (ROOT / "docs" / "guide" / "exchange.md").read_text().splitlines()
    assert [str(kind) for kind in ROUTES if not any(row.startswith(f"| {kind} |") for row in rows)] == []


def test_every_row_of_the_guide_of_bad_input_names_tests_that_are_there() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    _, _, *rows = [row for row in (ROOT / "docs" / "guide" / "bad-input.md").read_text().splitlines() if row[:1] == "|"]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    assert len(rows) > 13
    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    assert {name for names in named for name in names} - there == set()
