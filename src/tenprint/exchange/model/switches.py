"""What the party file says of each switch: what is stated, what holds on a day, and whom a change binds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tenprint.exchange.model.directory import CONNECTED_BY, CONNECTED_SINCE, Directory, Party
from tenprint.exchange.model.routes import LINKS, may_say
from tenprint.exchange.model.words import Kind, Role
from tenprint.policy.programme import Programme
from tenprint.policy.switches import ACTIVATION, CONNECTED, PEERS, PROGRAMME, Switch, all_switches

NOT_SAID: Final = "not said"
MOST_SIGNS: Final = 100
"""Of a text of the file that is told on: a notice is one line."""
_ACTIVATED: Final = f"{ACTIVATION}_"
_ORI: Final = "ORI "
BY: Final = "by "
"""Before the name of who decided on a connection, which is part of what the file says of it."""
_OF_THE_NETWORK: Final = frozenset({ACTIVATION, PROGRAMME})
"""Stand in the file once: the first party of the role that has them speaks for them."""


@dataclass(frozen=True)
class Position:
    """How a switch of a party stands in the file.

    Args:
        switch: which.
        key: one word, unique at the party: the switch's name, with the ORI for an activation.
        about: what of the switch in words: ``ORI XX0000001``, or ``""``.
        value: what holds on the day asked about.
        since: from which day (YYYY-MM-DD) that holds; ``""`` when the file does not say.
        decided_by: by whose decision it stands as the file says; ``""`` when that does not say.
        stated: all that the file says, each value with its day, in its order; empty when it says nothing.
        is_to_come: the last of what the file says holds only later than on the day asked about.
    """

    switch: Switch
    key: str
    about: str
    value: str
    since: str
    decided_by: str
    stated: tuple[str, ...]
    is_to_come: bool = False


def positions(
    directory: Directory, party: Party, programme: Programme, on: date, *, once: Collection[str] = ()
) -> Iterator[Position]:
    """Yield how each switch that a party has stands in the file, in the order of `switches.toml`.

    Args:
        directory: what the file says.
        party: whose switches.
        programme: in force.
        on: the day asked about.
        once: keys that were yielded at another time: an activation among them is told of though it is gone.
    """
    for switch in all_switches():
        if not switch.is_of(party.role):
            continue
        if switch.name in _OF_THE_NETWORK and directory.with_role(party.role)[0].id != party.id:
            continue
        if switch.name == ACTIVATION:
            gone = {key.removeprefix(_ACTIVATED) for key in once if key.startswith(_ACTIVATED)}
            oris = sorted(directory.activated_oris | gone)
            yield from (_activation(switch, directory, ori, on) for ori in oris)
        elif switch.name == PROGRAMME:
            said = f"{directory.programme}, version {programme.version}"
            yield Position(switch, switch.name, "", said, "", "", (said,))
        elif switch.name == PEERS:
            peers = tuple(peer for role in sorted(party.peers) for peer in party.peers_of(role))
            yield Position(switch, switch.name, "", ", ".join(peers) or "none", "", "", peers)
        elif switch.name == CONNECTED:
            yield _connection(switch, party)
        else:
            yield _setting(switch, directory, party, on)


def _activation(switch: Switch, directory: Directory, ori: str, on: date) -> Position:
    key, about, day = f"{_ACTIVATED}{ori}", f"{_ORI}{ori}", directory.activated_since.get(ori, "")
    if ori not in directory.activated_oris:
        return Position(switch, key, about, "no", "", "", ())
    if directory.is_activated(ori, on):
        return Position(switch, key, about, "yes", day, "", (_dated("activated", day),))
    return Position(switch, key, about, f"from {day}", "", "", (_dated("activated", day),), is_to_come=True)


def _connection(switch: Switch, party: Party) -> Position:
    since, by = (word(party.settings.get(name, "")) for name in (CONNECTED_SINCE, CONNECTED_BY))
    stated = ((_dated("connected", since),) if since else ()) + ((f"{BY}{by}",) if by else ())
    return Position(switch, switch.name, "", f"since {since}" if since else NOT_SAID, since, by, stated)


def _setting(switch: Switch, directory: Directory, party: Party, on: date) -> Position:
    name, value = switch.name, party.settings.get(switch.name)
    rows: list[tuple[str, Any]] = [(str(party.settings.get(f"{name}_since", "")), value)]
    if isinstance(value, list | tuple):
        rows = sorted((str(row["since"]), row["value"]) for row in value)
    if value is None:
        rows = []
    in_force = next((day for day, _ in reversed(rows) if day <= on.isoformat()), "")
    holds = party.setting(name, _usual(switch, directory, party, on), on)
    stated = tuple(_dated(word(said), day) for day, said in rows)
    by, is_to_come = word(party.settings.get(f"{name}_by", "")), bool(rows) and rows[-1][0] > on.isoformat()
    return Position(switch, name, "", word(holds), in_force, by, stated, is_to_come=is_to_come)


def _usual(switch: Switch, directory: Directory, party: Party, on: date) -> Any:
    """Return what holds when a party's entry says nothing: as the questions to the rules have it."""
    if switch.name == "forwards_repeat_arrests":
        return not party.setting("nff_state", False, on)
    if switch.name == "delivery" and (above := party.peers.get(Role.CRIMINAL_REPOSITORY)):
        return directory.party(above).setting(switch.name, switch.usual, on)
    return switch.usual


def word(value: Any) -> str:
    """Return a value as the file writes it, in one line of at most `MOST_SIGNS` signs that can be seen."""
    if not isinstance(value, str):
        return json.dumps(value)
    return "".join(sign if sign.isprintable() else "?" for sign in value)[:MOST_SIGNS]


def _dated(said: str, day: str) -> str:
    return f"{said} from {day}" if day else said


def bound_by(position: Position, directory: Directory, party: Party, besides: Collection[str] = ()) -> tuple[str, ...]:
    """Return the ids of those whom a change of a switch binds and whom its party may tell, in file order.

    Of the roles in `Switch.binds` those are bound that have the party as a peer or are its peers; of a role without
    links to the party's, all, where the switch is one of certain roles only. An activation binds the agency with the
    ORI and its state bureau, and no others of these roles. A city or county is bound with its own agencies and jails.

    Args:
        position: of the switch that has changed.
        directory: what the file says.
        party: whose switch it is.
        besides: ids of further parties that it binds: such as are peers no more.
    """
    binds = position.switch.binds
    found = {one.id for one in directory.parties if one.role in binds and _is_near(position.switch, party, one)}
    if position.switch.name == ACTIVATION:
        agency = directory.with_ori(position.about.removeprefix(_ORI))
        own = {agency.id, agency.peers.get(Role.STATE_BUREAU, "")} if agency else set()
        found = {one for one in found if directory.party(one).role not in (Role.AGENCY, Role.STATE_BUREAU)} | own
    found.update(besides)
    for city in directory.with_role(Role.JURISDICTION):
        if {party.id, *found}.intersection((*city.peers_of(Role.AGENCY), *city.peers_of(Role.JAIL))):
            found.add(city.id)
    return tuple(
        one.id
        for one in directory.parties
        if one.id in found and one.id != party.id and may_say(Kind.RULE_NOTICE, party.role, one.role)
    )


def _is_near(switch: Switch, party: Party, one: Party) -> bool:
    if one.id in party.peers_of(one.role) or party.id in one.peers_of(party.role):
        return True
    return bool(switch.whose) and one.role != party.role and (party.role, one.role) not in LINKS
