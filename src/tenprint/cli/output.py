"""How the command line speaks: tables for people, JSON for scripts, one sentence for an error."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError, TenprintError

if TYPE_CHECKING:
    from rich.console import Console

    from tenprint.stats.errors import Interval

READ_LIMIT_BYTES = 64 * 1024 * 1024
"""Bytes of one file that a command takes unless it says otherwise."""
NAME_AND_VALUE = 2
_WIDEST = 10_000
"""Columns of a terminal on which every table fits."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a terminal obeys, hides or cannot write: controls, bidi marks, lone surrogates, breaks."""


class _LateConsole:
    """A console of rich, which loads when something is first written: scripts and servers often write nothing to it."""

    def __init__(self, *, stderr: bool) -> None:
        self._stderr = stderr

    @cached_property
    def rich(self) -> Console:
        """Return the console itself, for what of rich takes one."""
        from rich.console import Console

        return Console(stderr=self._stderr, highlight=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich, name)


console, errors = _LateConsole(stderr=False), _LateConsole(stderr=True)


def complain(problem: TenprintError) -> None:
    """Write the error's code, sentence and next step to standard error."""
    from rich.text import Text

    errors.print(Text.assemble((problem.code, "bold red"), " ", plain(problem.message)))
    if problem.hint:
        errors.print(Text(f"  next: {plain(problem.hint)}"))


def plain(text: str) -> str:
    """Return text that a terminal only shows; what would steer it, or cannot be written, becomes an escape.

    Names of files and contents of fields come from strangers.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _HIDDEN and c != "\n" else c
        for c in text
    )


def print_json(value: Any) -> None:
    """Write one line of JSON to standard output; moments as everywhere, ``2010-10-04T08:00:00.000Z``."""
    text = json.dumps(value, ensure_ascii=False, default=_said)
    # A name that is no UTF-8 has lone surrogates; written as \udcff they are valid JSON.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _said(value: object) -> str:
    return to_wire(value) if isinstance(value, datetime) and value.tzinfo is not None else str(value)


def print_table(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], *, whole: Iterable[str] = ()
) -> None:
    """Write a table; cells are plain text, never markup. Columns named in `whole` (ids to copy) are never folded.

    On a terminal so narrow that a word, or an id, would be broken over lines, the table has no frame; where that does
    not help, each row is a few lines, one a column. What has a name and a value only is folded all the same.
    """
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    heads, unfolded = list(columns), frozenset(whole)
    cells = [[Text(plain(str(cell))) for cell in row] for row in rows]
    lighter: dict[str, Any] = {"box": None, "padding": (0, 2, 0, 0), "pad_edge": False}
    for more in ({}, lighter):
        table = Table(title=Text(plain(title)), title_justify="left", header_style="bold", **more)
        for place, head in enumerate(heads):
            words = [word for text in (head, *(str(row[place]) for row in cells)) for word in text.split()]
            # Else Rich takes width from this column and that, whatever words stand in it.
            narrowest = min(max(map(len, words), default=1), console.width // len(heads))
            table.add_column(head, overflow="fold", no_wrap=head in unfolded, min_width=narrowest)
        for row in cells:
            table.add_row(*row)
        least = Measurement.get(console.rich, console.options.update(width=_WIDEST), table).minimum
        if least <= console.width or len(heads) <= NAME_AND_VALUE:
            console.print(table)
            return
    console.print(Text(plain(title), style="italic"))
    for row in cells:
        for head, cell in zip(heads, row, strict=True):
            if cell:
                console.print(Text.assemble((f"{head:>14}  ", "bold"), cell), soft_wrap=True)
        console.print()


def read_file(path: Path, *, limit_bytes: int = READ_LIMIT_BYTES) -> bytes:
    """Return a file's bytes; no more than the limit is ever read, whatever the file system says of its size.

    Raises:
        SenderError: ``FILE_MISSING``, ``FILE_TOO_LARGE`` or ``FILE_UNREADABLE``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1) if os.fstat(file.fileno()).st_size <= limit_bytes else None
    except FileNotFoundError as problem:
        raise SenderError("FILE_MISSING", f"there is no file {path}") from problem
    except IsADirectoryError as problem:
        raise SenderError("FILE_UNREADABLE", f"{path} is a directory; a file is needed here") from problem
    except OSError as problem:
        raise SenderError("FILE_UNREADABLE", f"{path} cannot be read: {problem.strerror}") from problem
    except ValueError as problem:  # a name with a zero byte
        raise SenderError("FILE_MISSING", "a file name holds a character that no name can have") from problem
    if data is None or len(data) > limit_bytes:
        raise SenderError("FILE_TOO_LARGE", f"{path} is larger than {limit_bytes} bytes")
    return data


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


def write_new(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file whole or not at all; one that is there already is only replaced with `force`.

    Raises:
        SenderError: ``FILE_EXISTS`` or ``FILE_UNWRITABLE``; then nothing was written.
    """
    made = None
    try:
        handle, made = tempfile.mkstemp(prefix=".tenprint-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        if force:
            Path(made).replace(path)
        else:
            _take_name(path, Path(made))
    except FileExistsError as problem:
        raise SenderError("FILE_EXISTS", f"{path} is there already", hint="replace it with --force") from problem
    except OSError as problem:
        hint = "choose another path with --out"
        raise SenderError("FILE_UNWRITABLE", f"{path} cannot be written: {problem.strerror}", hint=hint) from problem
    finally:
        if made is not None:
            with suppress(OSError):
                Path(made).unlink()


def percent_range(interval: Interval) -> str:
    """Return an interval of a share in percent: ``98.9-99.9 %``."""
    return f"{100 * interval.low:.1f}-{100 * interval.high:.1f} %"


def to_minute(moment: datetime) -> str:
    """Return a moment for people's tables, to the minute in UTC; JSON keeps the milliseconds."""
    return moment.strftime("%Y-%m-%d %H:%M")


@contextmanager
def progress(title: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while work goes on; yields a function that takes how much is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors.rich, disable=quiet or not errors.is_terminal, transient=True) as bar:
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


def _take_name(path: Path, made: Path) -> None:
    """Give a finished file its name, unless somebody has it already."""
    try:
        path.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is reserved first
        path.touch(exist_ok=False)
        made.replace(path)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
