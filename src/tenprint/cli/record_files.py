"""ANSI/NIST-ITL files as arguments: single files, or directories that are searched."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tenprint.cli.output import complain, plain, progress, read_file
from tenprint.core.errors import RecordError, SenderError, TenprintError

if TYPE_CHECKING:
    from tenprint.records import Transaction

MAX_FILES = 100_000
"""Files taken of all directories together; more are more than one run can tell about."""

Files = Annotated[list[Path], typer.Argument(help="ANSI/NIST-ITL files, or directories that are searched for them.")]
Name = Annotated[str, typer.Option("--name", help="Of directories, take files with such a name only, as in '*.an2'.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]
Result = TypeVar("Result")


def files_of(paths: Iterable[Path], name: str = "*") -> list[Path]:
    """Return the files that the arguments stand for, those of a directory sorted by their path below it.

    Hidden files, links to directories and what is no file (a pipe, a device) are passed over in directories; a file
    that is given itself is always taken, and each one once.

    Raises:
        SenderError: ``FILES_TOO_MANY``, or ``FILE_UNREADABLE`` for a directory that cannot be listed.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for file in _below(path, name) if path.is_dir() else [path]:
            found[file] = None
            if len(found) > MAX_FILES:
                raise SenderError("FILES_TOO_MANY", f"there are more than {MAX_FILES} files", hint="give fewer of them")
    return list(found)


def read_transaction(path: Path, *, needed: bool = True) -> Transaction:
    """Read a file as far as it can be read.

    Args:
        path: of the file.
        needed: refuse a file in which no record is found at all.

    Raises:
        SenderError: as `read_file`; ``FILE_EMPTY`` for a file without a byte.
        RecordError: ``E0004`` for a file without a record.
    """
    from tenprint import records

    data = read_file(path)
    if not data:
        raise SenderError("FILE_EMPTY", f"{path} is empty: there is no transaction in it")
    transaction = records.read(data)
    if needed and not transaction.records:
        message = f"{path} holds no ANSI/NIST-ITL transaction: it does not begin with a Type-1 record"
        raise RecordError("E0004", message, field="1.001")
    return transaction


def each_file(
    files: list[Path], step: Callable[[Path], Result], *, title: str
) -> tuple[list[tuple[Path, Result]], int]:
    """Do `step` with each file; one that cannot be read or worked on is told and does not stop the others.

    Returns:
        files with their results, and how many were refused.
    """
    results, refused = [], 0
    with progress(title, len(files), quiet=len(files) < 2) as advance:
        for number, file in enumerate(files, 1):
            try:
                results.append((file, step(file)))
            except TenprintError as problem:
                complain(problem)
                refused += 1
            advance(number)
    return results, refused


def summary(counts: Iterable[tuple[int, str]]) -> str:
    """Return ``76 files the same, 1 unreadable``: what was counted, without the zeros behind the first."""
    return ", ".join(f"{count} {words}" for n, (count, words) in enumerate(counts) if count or not n)


def short(path: Path) -> str:
    """Return a file's name as it can be shown."""
    return plain(path.name or str(path))


def _below(folder: Path, name: str) -> Iterator[Path]:
    def refuse(problem: OSError) -> None:
        raise SenderError("FILE_UNREADABLE", f"{folder} cannot be searched: {problem.strerror}") from problem

    found: list[Path] = []
    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [f for f in folders if not f.startswith(".")]
        taken = (Path(here, n) for n in names if not n.startswith(".") and fnmatch.fnmatch(n, name))
        found += [file for file in taken if file.is_file()]
        if len(found) > MAX_FILES:
            break
    yield from sorted(found, key=lambda file: file.relative_to(folder).parts)
