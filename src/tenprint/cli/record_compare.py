"""`tenprint records roundtrip` and `diff`: is a file written again the same, and what differs between two."""

from __future__ import annotations

from pathlib import Path

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.cli.record_files import (
    EXIT_FOUND,
    EXIT_UNREADABLE,
    Files,
    Name,
    each_file,
    files_of,
    read_transaction,
    short,
    summary,
)


def roundtrip(files: Files, name: Name = "*", json: Json = False) -> None:
    """Read files, write them again from their parts, and compare byte by byte.

    Exit code 0: all the same. 1: one differs; the first byte that does is told. 2: a file cannot be read.
    """
    from tenprint.records.itl.rebuilding import first_difference, rebuilt

    def step(path: Path) -> tuple[int, int, int, int]:
        transaction = read_transaction(path)
        data = transaction.to_bytes()
        again = rebuilt(transaction)
        return first_difference(data, again), len(data), len(again), len(transaction.problems)

    done, refused = each_file(files_of(files, name), step, title="files")
    different = [(path, *row) for path, row in done if row[0] >= 0]
    if json:
        keys = ("first_difference", "bytes", "bytes_written", "problems")
        print_json(
            {
                "files": [{"file": str(path), **dict(zip(keys, row, strict=True))} for path, row in done],
                "same": len(done) - len(different),
                "different": len(different),
                "unreadable": refused,
            }
        )
    else:
        if different:
            columns = ("file", "first byte that differs", "bytes read", "bytes written", "problems in reading")
            print_table("Files that differ", columns, [(short(path), *rest) for path, *rest in different])
        counts = [
            (len(done) - len(different), "files the same"),
            (len(different), "different"),
            (refused, "unreadable"),
        ]
        console.print(summary(counts), markup=False)
    if refused:
        raise typer.Exit(EXIT_UNREADABLE)
    if different:
        raise typer.Exit(EXIT_FOUND)
