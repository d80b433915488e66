"""How the command line speaks: tables for people, JSON for scripts, one sentence for an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tenprint.core.errors import SenderError, TenprintError

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def complain(problem: TenprintError) -> None:
    """Write the error's code, sentence and next step to standard error."""
    errors.print(f"[bold red]{problem.code}[/] {_escaped(problem.message)}")
    if problem.hint:
        errors.print(f"  next: {_escaped(problem.hint)}")


def print_json(value: Any) -> None:
    """Write one line of JSON to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def print_table(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], *, whole: Iterable[str] = ()
) -> None:
    """Write a table; cells are plain text, never markup. Columns named in `whole` (ids to copy) are never folded."""
    table = Table(title=_escaped(title), title_justify="left", header_style="bold")
    unfolded = frozenset(whole)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in unfolded)
    for row in rows:
        table.add_row(*(_escaped(str(cell)) for cell in row))
    console.print(table)


def read_file(path: Path, *, limit_bytes: int = 64 * 1024 * 1024) -> bytes:
    """Return a file's bytes.

    Raises:
        SenderError: ``FILE_MISSING``, ``FILE_TOO_LARGE`` or ``FILE_UNREADABLE``.
    """
    try:
        if path.stat().st_size > limit_bytes:
            raise SenderError("FILE_TOO_LARGE", f"{path} is larger than {limit_bytes} bytes")
        return path.read_bytes()
    except FileNotFoundError as problem:
        raise SenderError("FILE_MISSING", f"there is no file {path}") from problem
    except OSError as problem:
        raise SenderError("FILE_UNREADABLE", f"{path} cannot be read: {problem.strerror}") from problem


def write_file(path: Path, data: bytes) -> None:
    """Write a file.

    Raises:
        SenderError: ``FILE_UNWRITABLE``.
    """
    try:
        path.write_bytes(data)
    except OSError as problem:
        hint = "choose another path with --out"
        raise SenderError("FILE_UNWRITABLE", f"{path} cannot be written: {problem.strerror}", hint=hint) from problem


def to_minute(moment: datetime) -> str:
    """Return a moment for people's tables, to the minute in UTC; JSON keeps the milliseconds."""
    return moment.strftime("%Y-%m-%d %H:%M")


@contextmanager
def progress(title: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while work goes on; yields a function that takes how much is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=quiet or not errors.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def counting(advance: Callable[[int], None]) -> Callable[[str, int], None]:
    """Return a progress callback that sums up what is done of one kind of thing (``subjects``)."""
    done = 0

    def count(what: str, more: int) -> None:
        nonlocal done
        if what == "subjects":
            done += more
            advance(done)

    return count


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
