"""The command line: one module per command group; `main` turns our errors into a sentence and exit code 2."""

from __future__ import annotations

import sys

from tenprint.core.errors import TenprintError

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 1 a check found something, 2 refused with a sentence, 130 interrupted.
    """
    from tenprint.cli.app import app
    from tenprint.cli.output import complain

    try:
        app()
    except TenprintError as problem:
        complain(problem)
        sys.exit(EXIT_REFUSED)
    except SystemExit as ended:  # Typer turns Ctrl-C into this exit code, and says nothing
        if ended.code == EXIT_INTERRUPTED:
            sys.stderr.write("\ninterrupted; nothing is lost, run the same command to go on\n")
        raise
