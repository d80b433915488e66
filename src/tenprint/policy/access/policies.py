"""Asks Cedar: may this role, at this party, do this with that party's data? Parsed once, default deny.

What cannot be asked (a role or an action that the schema does not know) and what a policy fails on is refused too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

import cedarpy

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError
from tenprint.policy.access.tables import house_tables
from tenprint.policy.access.words import PUBLIC, Action, OfficialRole

POLICY_SUFFIX: Final = ".cedar"
SCHEMA_NAME: Final = "schema.cedarschema"
DEFAULT_DENY: Final = "default-deny"
"""Stands for a policy id where no policy spoke."""
MAX_ENTITIES: Final = 4096
"""How many pairs of somebody and something stay parsed; a network of seven parties has a few hundred."""
RESOURCES: Final[Mapping[Action, str]] = {
    Action.LIST_TASKS: "Queue",
    Action.READ_TASK: "Task",
    Action.CLAIM_TASK: "Task",
    Action.ANSWER_TASK: "Task",
    Action.READ_CASE: "Case",
    Action.READ_STORY: "Case",
    Action.READ_MESSAGE: "Message",
    Action.READ_RECORDS: "Records",
    Action.READ_PRINTS: "Prints",
    Action.READ_LEDGER: "Ledger",
    Action.READ_WHY: "Explanation",
    Action.READ_NETWORK: "Network",
    Action.PLAY_STORIES: "Stories",
    Action.READ_OPERATIONS: "Operations",
    Action.TRY_AGAIN: "Operations",
}
"""Kind of data that an action is about, as the schema has it."""
TASK_ACTIONS: Final = frozenset({Action.READ_TASK, Action.CLAIM_TASK, Action.ANSWER_TASK})


@dataclass(frozen=True)
class Verdict:
    """What the policies say to one wish.

    Args:
        allowed: whether it may be done.
        policy_ids: of the policies that decided, the first one first; `DEFAULT_DENY` when none allows it.
        sentence: of the first one, for a layperson.
        version: of the policies.
        digest: SHA-256 of their text and schema, hex.
    """

    allowed: bool
    policy_ids: tuple[str, ...]
    sentence: str
    version: str
    digest: str

    @property
    def stamp(self) -> str:
        """Return version and beginning of the digest in one word, as ledgers note it."""
        return f"{self.version}+{self.digest[:12]}"

    @property
    def basis(self) -> dict[str, str]:
        """Return what a ledger notes of a look that this verdict allows: ``rule`` and ``version``."""
        return {"rule": self.policy_ids[0], "version": self.stamp}


@dataclass(frozen=True)
class Policy:
    """One policy: its id, whether it permits or forbids, and its sentence."""

    id: str
    effect: str
    sentence: str


class Access:
    """Policies that were read together.

    Args:
        policies: text by file name.
        schema: Cedar schema, text.
        version: noted in every verdict.

    Raises:
        RecordError: ``ACCESS_INVALID`` when a policy cannot be parsed, does not fit the schema, or lacks an id or a
            sentence, or when there is none at all.
    """

    def __init__(self, policies: Mapping[str, str], schema: str, version: str) -> None:
        text = "\n".join(policies[name] for name in sorted(policies))
        self.version = version
        self.digest = sha256_hex(json.dumps([sorted(policies.items()), schema], ensure_ascii=True).encode())
        try:
            self._schema = cedarpy.Schema.from_str(schema)
            self._policies = cedarpy.PolicySet.from_str(text)
            parsed = json.loads(cedarpy.policies_to_json_str(text))
        except ValueError as problem:
            raise RecordError("ACCESS_INVALID", f"the access policies cannot be read: {problem}") from problem
        faults = cedarpy.validate_policies(text, self._schema).errors
        if faults:
            raise RecordError("ACCESS_INVALID", f"an access policy does not fit the schema: {faults[0]}")
        self.policies = _named(parsed["staticPolicies"])
        self._entities = lru_cache(MAX_ENTITIES)(self._make_entities)

    def decide(
        self,
        role: str,
        own_party: str,
        action: str,
        *,
        party: str,
        kind: str = "",
        is_demo: bool = False,
        awaits_first_finding: bool = False,
    ) -> Verdict:
        """Return what the policies say; never raises for a wish that makes no sense, but refuses it.

        Args:
            role: an `OfficialRole`; `PUBLIC` for nobody who is signed in.
            own_party: where that person works; ``""`` for the public.
            action: an `Action`.
            party: whose data it is.
            kind: of the task, for the actions on one (`TaskKind`).
            is_demo: all people are invented and anybody takes any role.
            awaits_first_finding: this person has a first finding to make on prints of the case at hand.
        """
        if role not in set(OfficialRole) or action not in set(Action) or (role != PUBLIC and not own_party):
            return self._verdict(False, (DEFAULT_DENY,), "This role or action is not known here, so it is refused.")
        wish = Action(action)
        about = kind if wish in TASK_ACTIONS else ""
        who, what, entities = self._entities(role, "" if role == PUBLIC else own_party, RESOURCES[wish], party, about)
        request = {
            "principal": who,
            "action": {"type": "Action", "id": str(wish)},
            "resource": what,
            "context": {"is_demo": is_demo, "awaits_first_finding": awaits_first_finding},
        }
        answer = cedarpy.is_authorized(request, self._policies, entities, self._schema)
        found = answer.diagnostics.id_annotations_by_reason.values()
        spoke = tuple(name for name in self.policies if name in found)
        if answer.diagnostics.errors:
            # A forbid that cannot be evaluated would be skipped by Cedar: nothing is allowed then.
            return self._verdict(False, (DEFAULT_DENY,), "The access rules could not be evaluated, so it is refused.")
        if not spoke:
            return self._verdict(False, (DEFAULT_DENY,), _unallowed(OfficialRole(role), wish, about))
        return self._verdict(bool(answer.allowed), spoke, self.policies[spoke[0]].sentence)

    def _verdict(self, allowed: bool, policy_ids: tuple[str, ...], sentence: str) -> Verdict:
        return Verdict(allowed, policy_ids, sentence, self.version, self.digest)

    def _make_entities(
        self, role: str, own_party: str, resource: str, party: str, kind: str
    ) -> tuple[dict[str, str], dict[str, str], Any]:
        """Return somebody and something, as a request names them, with their attributes parsed."""
        what = {"type": resource, "id": f"{party}/{kind}"}
        if role == PUBLIC:
            who = {"type": "Visitor", "id": str(PUBLIC)}
            known: list[dict[str, Any]] = [{"uid": who, "attrs": {}, "parents": []}]
        else:
            who, whose = {"type": "Official", "id": f"{role}@{own_party}"}, {"type": "Role", "id": role}
            known = [
                {"uid": whose, "attrs": {}, "parents": []},
                {"uid": who, "attrs": {"party": own_party}, "parents": [whose]},
            ]
        known.append({"uid": what, "attrs": {"party": party, "kind": kind}, "parents": []})
        return who, what, cedarpy.Entities.from_json_str(json.dumps(known), self._schema)


@cache
def house_access() -> Access:
    """Return the house's own policies, read and validated once for the process.

    Raises:
        RecordError: ``ACCESS_INVALID``.
    """
    folder = resources.files(__package__)
    texts = {
        item.name: item.read_text(encoding="utf-8") for item in folder.iterdir() if item.name.endswith(POLICY_SUFFIX)
    }
    schema = (folder / SCHEMA_NAME).read_text(encoding="utf-8")
    return Access(texts, schema, house_tables().version)


def _named(parsed: Mapping[str, Any]) -> dict[str, Policy]:
    """Return the policies by their own id, in the order in which they stand in the files."""
    found: dict[str, Policy] = {}
    for _, policy in sorted(parsed.items(), key=lambda row: int(row[0].removeprefix("policy"))):
        notes = policy.get("annotations", {})
        name, sentence = notes.get("id"), notes.get("sentence")
        if not name or not sentence or name in found or name == DEFAULT_DENY:
            raise RecordError("ACCESS_INVALID", f"access policy {name!r} has no id of its own, or no sentence")
        found[name] = Policy(name, policy["effect"], sentence)
    if not found:
        raise RecordError("ACCESS_INVALID", "there is no access policy at all")
    return found


def _unallowed(role: OfficialRole, action: Action, kind: str) -> str:
    tables = house_tables()
    title = tables.roles[role].title
    article = "an" if title[0] in "aeiou" else "a"
    which = " of this kind" if kind else ""
    return f"No rule allows {article} {title} to {tables.actions[action]}{which}, so it is refused."
