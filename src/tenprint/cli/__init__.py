"""The command line: one module per command group; `main` turns our errors into a sentence and exit code 2."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tenprint.core.errors import TenprintError

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 1 a check found something, 2 refused with a sentence, 130 interrupted.
    """
    with loading():
        run = _command()
        from tenprint.cli.output import complain

    try:
        run()
    except TenprintError as problem:
        complain(problem)
        sys.exit(EXIT_REFUSED)
    except SystemExit as ended:  # Typer turns Ctrl-C into this exit code, and says nothing
        if ended.code == EXIT_INTERRUPTED:
            sys.stderr.write("\ninterrupted; nothing is lost, run the same command to go on\n")
        raise


@contextmanager
def loading() -> Iterator[None]:
    """Load modules without the collector: it finds nothing, and would take a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _command() -> Callable[[], object]:
    """Return the command line. That of `serve` comes alone: parties start often, and all others take longer to load."""
    if sys.argv[1:2] == ["serve"]:
        from tenprint.cli.serve import app as serving

        return lambda: serving(sys.argv[2:], prog_name="tenprint serve")
    from tenprint.cli.app import app

    return app
