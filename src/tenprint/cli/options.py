"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA = Path("data/demo")
DEFAULT_PROFILE = "ebts-8.001"
"""The exchange's own (`records.itl.validation.EDITION`, which takes long to load)."""
EXIT_FOUND, EXIT_UNREADABLE = 1, 2
"""Exit codes: something was found, or could not be done; a file cannot be read, or a request was refused."""

Data = Annotated[Path, typer.Option("--data", help="Directory of the network (network.toml, databases, galleries).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of tables.")]
LogFile = Annotated[
    Path | None, typer.Option("--log", help="File for the log, one JSON line an event; else standard error.")
]
LogLevel = Annotated[str, typer.Option("--log-level", help="What the log tells: debug, info, warning, error.")]
