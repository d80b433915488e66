"""What a party file must not say: ids, addresses, settings of the wrong form; two parties in one place; misspellings.

A file that is written by hand is read strictly: what would otherwise be passed over in silence (a setting that is no
truth value, an entry that nobody reads) changes who is told of a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from tenprint.core.errors import RecordError
from tenprint.ledger.keys import PublicKey

FILE_NAME: Final = "network.toml"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ORI = re.compile(r"[A-Za-z0-9]{9}|")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_IN_PROCESS = ("", "inproc:")
_LATER = "_since"
HEAD: Final = frozenset({"name", "programme", "activated_oris", "clock", "seed"})
PARTY: Final = frozenset(
    {
        "role", "name", "ori", "database", "blobs", "gallery", "key", "public_key", "key_valid_from", "key_valid_until",
        "earlier_keys", "url", "certificate", "certificate_key", "peers", "witnesses", "settings",
    }
)  # fmt: skip
"""Every entry of the tables `network` and `party.ID`."""


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


SETTINGS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "nff_state": (_is_truth, "true or false"),
    "forwards": (_is_truth, "true or false"),
    "forwards_repeat_arrests": (_is_truth, "true or false"),
    "keeps_searches": (_is_truth, "true or false"),
    "receives_answer": (_is_truth, "true or false"),
    "relays_answer": (_is_truth, "true or false"),
    "delivery": (_one_of("separate", "combined"), "separate or combined"),
    "ident_class": (_one_of("cbp", "ice", "state_department"), "cbp, ice or state_department"),
    "threshold": (_is_number, "a whole number of milli-units"),
    "threshold_name": (_is_text, "a text"),
    "desk": (_is_text, "a text"),
    "phone": (_is_text, "a text"),
    "connected_by": (_is_text, "a text"),
}
"""Settings that this software reads: what each may be, in code and in words. Others are a network's own facts."""
UNDATED: Final = frozenset({"ident_class", "threshold", "threshold_name", "desk", "phone", "connected_by"})
"""Settings that hold always: a list of values would be read as none of them."""


def invalid(field: str, sentence: str) -> RecordError:
    """Return the error ``NETWORK_INVALID`` about an entry of the party file."""
    what = f"{FILE_NAME}, {field}: {sentence}" if field else f"{FILE_NAME}: {sentence}"
    return RecordError("NETWORK_INVALID", what, hint=f"mend {FILE_NAME}, or make a new network", field=field)


def is_day(value: Any) -> bool:
    """Tell whether a value is the text of a day that exists, such as ``2009-06-01``."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def check_names(table: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """Refuse an entry that nobody reads: most often a misspelt one.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    for name in table:
        if name not in known:
            raise invalid(f"{where}.{name}", f"there is no such entry; known are {', '.join(sorted(known))}")


def check_activation(oris: Any) -> None:
    """Refuse an activation list whose ORIs have not nine characters, or whose days are none.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    where = "network.activated_oris"
    if isinstance(oris, dict):
        if not all(day == "" or is_day(day) for day in oris.values()):
            raise invalid(where, "each ORI has a day such as 2009-06-01, or an empty text")
    elif not isinstance(oris, list):
        raise invalid(where, "it is a list of ORIs, or a table with a day for each")
    if not all(isinstance(ori, str) and ori and _ORI.fullmatch(ori) for ori in oris):
        raise invalid(where, "an ORI is a text of nine letters and digits")


def check_settings(settings: Mapping[str, Any], where: str) -> None:
    """Refuse settings of the wrong form, and dated ones without a day.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    for name, value in settings.items():
        if not _is_setting(name, value):
            said = "its values are text, whole numbers or true and false, or a list of such with the day of each"
            raise invalid(where, said)
        rows = [row["value"] for row in value] if isinstance(value, list) else [value]
        fits, words = SETTINGS.get(name, (lambda _: True, ""))
        if not all(fits(one) for one in rows):
            raise invalid(where, f"{name} is {words}")
        undated = name.removesuffix(_LATER) if name.endswith(_LATER) else name if isinstance(value, list) else ""
        if undated in UNDATED:
            raise invalid(where, f"{undated} holds always, and has no days")


def check_party(party: str, ori: str, url: str, database: str, where: str) -> None:
    """Refuse an id, an ORI, an address or a database that cannot be one.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    if _ID.fullmatch(party) is None:
        raise invalid(where, "a party's id has letters, digits, points, hyphens and underscores, at most 64")
    if _ORI.fullmatch(ori) is None:
        raise invalid(f"{where}.ori", "an ORI has nine letters and digits")
    if url not in _IN_PROCESS and not _is_door(url):
        raise invalid(f"{where}.url", "it is https://HOST:PORT, or inproc: for a party in one process with others")
    try:
        is_address = bool(database) and ("://" not in database or bool(sa.make_url(database)))
    except (sa.exc.ArgumentError, ValueError):
        is_address = False
    if not is_address:
        raise invalid(f"{where}.database", "it is a path, or an address such as postgresql+psycopg://HOST/NAME")


def check_key(raw: bytes, where: str) -> None:
    """Refuse a public key that is none, or under which anybody could sign.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    try:
        PublicKey(raw)
    except RecordError as problem:
        raise invalid(f"{where}.public_key", problem.message) from problem


def check_apart(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Refuse two parties with one database, folder of files, address or key: one would write or sign as the other.

    Args:
        rows: each party's id, and by name of the entry what must be its own; empty values are passed over.

    Raises:
        RecordError: ``NETWORK_INVALID``.
    """
    owners: dict[tuple[str, Any], str] = {}
    for party, own in rows:
        for name, value in own.items():
            first = owners.setdefault((name, value), party) if value not in (*_IN_PROCESS, b"") else party
            if first != party:
                raise invalid(f"party.{party}.{name}", f"{first} has the same one")


def _is_setting(name: str, value: Any) -> bool:
    if isinstance(value, list):
        is_row = all(isinstance(row, dict) and row.keys() == {"since", "value"} for row in value)
        return is_row and all(is_day(row["since"]) and isinstance(row["value"], str | int | bool) for row in value)
    return is_day(value) if name.endswith(_LATER) else isinstance(value, str | int | bool)


def _is_door(url: str) -> bool:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:  # such as a port beyond all ports
        return False
    is_plain = not (split.query or split.fragment or split.username or split.password)
    return split.scheme == "https" and bool(split.hostname) and port != 0 and is_plain
