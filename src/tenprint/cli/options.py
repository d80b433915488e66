"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA = Path("data/demo")

Data = Annotated[Path, typer.Option("--data", help="Directory of the network (network.toml, databases, galleries).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of tables.")]
