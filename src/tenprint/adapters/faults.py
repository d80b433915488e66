"""Turns errors of databases and file systems into `StorageError` with a stable code and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tenprint.core.errors import StorageError

_HINTS = {
    "STORE_BUSY": "another process writes to it: end that one, or try again",
    "STORE_FULL": "free some space, then run the command again; nothing was lost",
    "STORE_READONLY": "make the data directory and its files writable for this user",
    "STORE_DAMAGED": "keep the files as they are, and restore: tenprint restore FOLDER --to DIR --party ID --replace",
    "STORE_UNREACHABLE": "check that the path or server exists and can be opened",
    "STORE_CONFLICT": "this is a fault of the program: please report it with this sentence",
    "STORE_OUTDATED": "the database lacks a table or column: run its migrations",
    "STORE_FAILED": "read the cause below",
}
_BY_SQLITE_NAME = {
    "SQLITE_IOERR_SHMSIZE": "STORE_FULL",  # no room for the log's index, which a reader needs too
    "SQLITE_IOERR_SHMOPEN": "STORE_FULL",
    "SQLITE_BUSY": "STORE_BUSY",
    "SQLITE_LOCKED": "STORE_BUSY",
    "SQLITE_FULL": "STORE_FULL",
    "SQLITE_READONLY": "STORE_READONLY",
    "SQLITE_PERM": "STORE_READONLY",
    "SQLITE_CORRUPT": "STORE_DAMAGED",
    "SQLITE_NOTADB": "STORE_DAMAGED",
    "SQLITE_IOERR": "STORE_DAMAGED",
    "SQLITE_CANTOPEN": "STORE_UNREACHABLE",
    "SQLITE_CONSTRAINT": "STORE_CONFLICT",
    "SQLITE_ERROR": "STORE_OUTDATED",
}
# PostgreSQL: SQLSTATE, whole or its class (the first two characters), appendix A of its manual
_BY_SQLSTATE = {
    "08": "STORE_UNREACHABLE",
    "23": "STORE_CONFLICT",
    "25": "STORE_READONLY",
    "28": "STORE_UNREACHABLE",  # wrong user or password
    "3D": "STORE_UNREACHABLE",  # no such database
    "40": "STORE_BUSY",
    "42": "STORE_OUTDATED",
    "42501": "STORE_READONLY",
    "53": "STORE_FULL",
    "53300": "STORE_BUSY",  # too many connections
    "55": "STORE_BUSY",
    "57": "STORE_UNREACHABLE",  # the server is going down, or coming up
    "57014": "STORE_BUSY",  # a time limit
    "58": "STORE_DAMAGED",
    "XX": "STORE_DAMAGED",
}
_BY_ERRNO = {
    errno.ENOSPC: "STORE_FULL",
    errno.EDQUOT: "STORE_FULL",
    errno.EROFS: "STORE_READONLY",
    errno.EACCES: "STORE_READONLY",
    errno.EPERM: "STORE_READONLY",
    errno.EIO: "STORE_DAMAGED",
}


def storage_error(code: str, what: str, cause: str = "") -> StorageError:
    """Return the error with its hint; `what` names the thing (a party, a file's role), never its content."""
    sentence = f"{what} failed" + (f" ({cause})" if cause else "")
    return StorageError(code, sentence, hint=_HINTS[code])


@contextmanager
def storage_faults(what: str) -> Iterator[None]:
    """Convert database and file errors inside the block.

    Raises:
        StorageError: ``STORE_BUSY``, ``STORE_FULL``, ``STORE_READONLY``, ``STORE_DAMAGED``, ``STORE_UNREACHABLE``,
            ``STORE_CONFLICT``, ``STORE_OUTDATED`` or ``STORE_FAILED``.
    """
    try:
        yield
    except DBAPIError as problem:
        # The statement's parameters stay out of the sentence: they hold what people were asked and answered.
        raise storage_error(_database_code(problem), what, type(problem).__name__) from problem
    except PoolTimeoutError as problem:
        raise storage_error("STORE_BUSY", what, "no connection is free") from problem
    except SQLAlchemyError as problem:
        raise storage_error("STORE_FAILED", what, type(problem).__name__) from problem
    except OSError as problem:
        raise storage_error(
            _BY_ERRNO.get(problem.errno or 0, "STORE_FAILED"), what, problem.strerror or ""
        ) from problem


def _database_code(problem: DBAPIError) -> str:
    origin = problem.orig
    sqlite_name = str(getattr(origin, "sqlite_errorname", "") or "")
    if sqlite_name:
        # extended names such as SQLITE_READONLY_DBMOVED begin with the plain one
        plain = "_".join(sqlite_name.split("_")[:2])
        return _BY_SQLITE_NAME.get(sqlite_name, _BY_SQLITE_NAME.get(plain, "STORE_FAILED"))
    state = str(getattr(origin, "sqlstate", "") or "")
    if not state and isinstance(problem, OperationalError | InterfaceError):
        return "STORE_UNREACHABLE"  # PostgreSQL's driver: no server answered, or it went away in the middle
    return _BY_SQLSTATE.get(state, _BY_SQLSTATE.get(state[:2], "STORE_FAILED"))
