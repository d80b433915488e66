"""Questions that the exchange asks the programme in force: which facts go with each, in one place.

Every function takes `ask`: `Work.decide` inside a handler, where the answer goes on the ledger, or `quietly`, where a
person only wants to know whether something would be refused. A fact that nobody knows is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from tenprint.core.fingers import FingerPosition
from tenprint.exchange.model.corrections import CORRECTIONS
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.known import Repository
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Services
from tenprint.policy.criterion import Charge, is_criterion
from tenprint.policy.evaluate import Decision, decide
from tenprint.policy.programme import reads_fact
from tenprint.records.nlets.offences import code_and_words, offence_in_words

Ask = Callable[[str, Mapping[str, Any]], Decision]
IMMIGRATION_NDR = frozenset({"9", "10"})
YES, NO = "yes", "no"
ACCEPT = "accept"
BY_RULE, BY_EXAMINER = "rule", "examiner"
FORWARD = "forward"
SEARCH, WAIT = "search", "wait"
NOT_DISPOSED = "pending"
"""Value of the fact ``disposition`` while no court has decided: `tasks.convictions` has the others."""
CASCADE_QUESTION = "cascade_to_immigration"
KEEP, ERASE = "keep", "erase"
ASK_ANOTHER = "ask"
SEND = "send"
COMBINED, SEPARATE = "combined", "separate"
COPY = "copy"
PERMITTED, NEEDS = "permitted", "needs"


def quietly(services: Services) -> Ask:
    """Return a way to ask that leaves no trace."""

    def ask(question: str, facts: Mapping[str, Any]) -> Decision:
        return decide(services.programme, question, facts)

    return ask


def accept_submission(ask: Ask, usable: Iterable[FingerPosition], explained: Iterable[FingerPosition]) -> Decision:
    """Ask whether enough fingers can be used: outcome ``accept`` or ``reject``.

    Args:
        ask: as in this module's docstring.
        usable: single fingers that gave a template.
        explained: single fingers that AMP explains. That unexplained ones are none is checked before (E0001).
    """
    facts = {
        "usable_fingers": len(set(usable)),
        "explained_missing_fingers": len(set(explained)),
        "unexplained_missing_fingers": 0,
    }
    return ask("accept_submission", facts)


def verify_candidate(ask: Ask, repository: Repository, score: int, threshold: int, threshold_name: str) -> Decision:
    """Ask who confirms a candidate: outcome ``examiner``, ``rule`` or ``dismiss``; scores are milli-units."""
    facts = {
        "repository": str(repository),
        "score": score,
        "threshold": threshold,
        "threshold_name": threshold_name,
    }
    return ask("verify_candidate", facts)


def forward_to_criminal(
    ask: Ask, state_result: RepositoryState, state: Party, charges: Iterable[str], on: date
) -> Decision:
    """Ask whether the state bureau forwards a booking of a day: outcome ``forward`` or ``keep``.

    Args:
        ask: as in this module's docstring.
        state_result: what its own gallery answered.
        state: whose settings hold.
        charges: the text of each charge of the booking.
        on: day of the booking.
    """
    facts = {"state_result": str(state_result), **state_facts(state, on), **charge_facts(charges, on)}
    return ask("forward_to_criminal", facts)


def charge_facts(charges: Iterable[str], on: date) -> dict[str, Any]:
    """Return whether the charges of a booking of a day are kept by the criminal repository; empty when not read."""
    is_one = is_criterion(map(_as_read, charges), on)
    return {} if is_one is None else {"criterion_offence": is_one}


def _as_read(charge: str) -> Charge:
    """Return a charge as it can be read; a code that the table does not have says nothing."""
    code, words = code_and_words(charge)
    return Charge(code if offence_in_words(code) else "", words)


def state_facts(state: Party, on: date) -> dict[str, Any]:
    """Return what a state's settings say of forwarding on a day.

    A National Fingerprint File state stops repeat arrests unless its settings say otherwise.
    """
    is_nff = bool(state.setting("nff_state", False, on))
    return {
        "state_forwards": bool(state.setting("forwards", True, on)),
        "state_is_nff": is_nff,
        "state_forwards_repeat_arrests": bool(state.setting("forwards_repeat_arrests", not is_nff, on)),
    }


def delivery(ask: Ask, repository: Party, state: Party, agency: Party | None, on: date) -> Decision:
    """Ask whether the first answer waits for the specialist's: outcome ``combined`` or ``separate``.

    Args:
        ask: as in this module's docstring.
        repository, state, agency: who answers, who relays, who booked (None when it is not in the network).
        on: day of the booking. The state's setting goes before the repository's.
    """
    said = state.setting("delivery", repository.setting("delivery", SEPARATE, on), on)
    takes = agency is None or bool(agency.setting("receives_answer", True, on))
    facts = {"delivery_setting": str(said), "agency_receives_answer": takes}
    return ask("delivery", facts | {"state_relays_answer": bool(state.setting("relays_answer", True, on))})


def cascade_to_immigration(
    ask: Ask, is_activated: bool, ndr: Iterable[str], disposition: str = NOT_DISPOSED
) -> Decision:
    """Ask whether the immigration repository is searched: outcome ``search``, ``do_not_search`` or ``wait``.

    Args:
        ask: as in this module's docstring.
        is_activated: whether the agency is switched on for the cascade.
        ndr: repositories that the submission names.
        disposition: how the charges of the booking have ended so far; under ``wait`` it is asked again after each.
    """
    facts = {
        "ori_activated": is_activated,
        "ndr_asks_immigration": not IMMIGRATION_NDR.isdisjoint(ndr),
        "disposition": disposition,
    }
    return ask(CASCADE_QUESTION, facts)


def cascade_hangs_on_disposition(services: Services) -> bool:
    """Tell whether the rules in force ask how the charges ended before the immigration repository is searched."""
    return reads_fact(services.programme, CASCADE_QUESTION, "disposition")


def answer_within_seconds(ask: Ask, priority: int) -> Decision:
    """Ask how long the first answer waits for other repositories: outcome a number of seconds."""
    return ask("answer_within_seconds", {"priority": priority})


def retention(ask: Ask, repository: Repository, is_requested: bool, *, keeps_searches: bool = False) -> Decision:
    """Ask whether a repository keeps the prints: outcome ``keep`` or ``search_only``.

    Args:
        ask: as in this module's docstring.
        repository: whose gallery.
        is_requested: the submission asks to keep them (RET = Y).
        keeps_searches: the immigration repository's own dated setting: it keeps what it was asked to search.
    """
    facts = {"repository": str(repository), "retain_requested": is_requested, "keeps_searches": keeps_searches}
    return ask("retention", facts)


def keep_days(ask: Ask, keeper: Role, kept: str, ended: CaseState, *, is_requested: bool | None) -> Decision:
    """Ask how long something is kept after a case has ended: outcome a number of days.

    Args:
        ask: as in this module's docstring.
        keeper: role of the party that keeps it.
        kept: ``prints``, ``messages`` or ``tasks``.
        ended: the case's last state.
        is_requested: whether the submission asks to keep the prints; None when this party was not told.
    """
    facts: dict[str, Any] = {"keeper": str(keeper), "kept": kept, "case_ended": str(ended)}
    if is_requested is not None:
        facts["retain_requested"] = is_requested
    return ask("keep_days", facts)


def erase_expunged(ask: Ask, keeper: Role, ended: CaseState | None, *, is_hold_requested: bool) -> Decision:
    """Ask whether an order that expunges a booking erases what a party keeps of the case: ``erase`` or ``keep``.

    Args:
        ask: as in this module's docstring.
        keeper: role of the party that keeps it.
        ended: the case's last state; None while it goes on.
        is_hold_requested: whether an officer has asked a jail to hold the person.
    """
    facts: dict[str, Any] = {"keeper": str(keeper), "hold_requested": is_hold_requested}
    if ended is not None:
        facts["case_ended"] = str(ended)
    return ask("erase_expunged", facts)


def second_examiner(ask: Ask, finding: str, examiners_asked: int) -> Decision:
    """Ask whether another examiner is needed: outcome ``ask``, ``not_needed`` or ``end``."""
    return ask("second_examiner", {"finding": finding, "examiners_asked": examiners_asked})


def iaq_on_match(ask: Ask, result: RepositoryState) -> Decision:
    """Ask whether the support center is asked: outcome ``send`` or ``do_not_send``."""
    return ask("iaq_on_match", {"immigration_result": str(result)})


def iar_within_seconds(ask: Ask) -> Decision:
    """Ask how long the support center may take: outcome a number of seconds."""
    return ask("iar_within_seconds", {})


def who_receives_iar(ask: Ask, state: Party, agency: Party, on: date) -> Decision:
    """Ask which roles receive the specialist's answer to a booking of a day: outcome the roles, blanks between."""
    facts = {
        "agency_receives_answer": bool(agency.setting("receives_answer", True, on)),
        "state_relays_answer": bool(state.setting("relays_answer", True, on)),
    }
    return ask("who_receives_iar", facts)


def copy_answer(
    ask: Ask, answer: Kind, *, has_status: bool, state: Party, agency: Party, receiver: Party, on: date
) -> Decision:
    """Ask whether an agency that a booking names gets a copy of an answer: outcome ``copy`` or ``do_not_copy``.

    Args:
        ask: as in this module's docstring.
        answer: kind of the answer, as the booking agency gets it.
        has_status: the specialist's words are in the answer.
        state, agency, receiver: who copies, who booked, who is to get the copy.
        on: day of the booking.
    """
    facts = {
        "answer_copied": answer.lower(),
        "answer_has_status": has_status,
        "agency_receives_answer": bool(agency.setting("receives_answer", True, on)),
        "state_relays_answer": bool(state.setting("relays_answer", True, on)),
        "copy_party_receives_answer": bool(receiver.setting("receives_answer", True, on)),
    }
    return ask("copy_answer", facts)


def detainer(ask: Ask, shown: Mapping[str, Any], details: Mapping[str, str], *, is_looked_at: bool = False) -> Decision:
    """Ask whether a named officer may ask for a hold: outcome ``permitted``, ``needs`` or ``refused``.

    Args:
        ask: as in this module's docstring.
        shown: what the officer saw: ``status``, ``legal_ground``, ``match_confirmed``, ``juvenile``, ``corrections``.
        details: what the officer says besides: ``evidence``, ``citizenship_claim``, ``victim_or_witness`` (yes or no).
            The officer's name and reason were checked before.
        is_looked_at: True when a second officer looked at the case and agrees.
    """
    facts: dict[str, Any] = {
        "status": shown["status"],
        "legal_ground_given": bool(shown["legal_ground"]),
        "named_officer": True,
        "reason_given": True,
        "evidence": details.get("evidence", "none"),
        "second_look_done": is_looked_at,
        "record_corrected": bool(shown.get(CORRECTIONS)),
    }
    facts.update({name: bool(shown[name]) for name in ("juvenile", "match_confirmed") if shown.get(name) is not None})
    facts.update({name: details[name] == YES for name in ("citizenship_claim", "victim_or_witness") if name in details})
    return ask("detainer", facts)


def waits_for_second_look(ask: Ask, shown: Mapping[str, Any], details: Mapping[str, str]) -> bool:
    """Tell whether a second officer's look is all that a detainer still needs; arguments as for `detainer`."""
    if detainer(ask, shown, details).outcome != NEEDS:
        return False
    return detainer(ask, shown, details, is_looked_at=True).outcome == PERMITTED


def hold_hours(ask: Ask) -> Decision:
    """Ask for how long a jail that accepted may hold: outcome a number of hours."""
    return ask("hold_hours", {"detainer_accepted": True})
