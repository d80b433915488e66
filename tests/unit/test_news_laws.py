"""A law of news: what goes from whom to whom hangs on who was told and what was said, not on the order of either."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from exchange_rig import GROUND, PERMITTED, Rig, card, rigs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenprint.exchange import dispatch
from tenprint.exchange.model.routes import LINKS, way_of_news
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.tasks.news import TELLING

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, JAIL, COURT = (
    Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT,
)  # fmt: skip
COPIED, COPIED_ORI = "agency2", "XX0020000"
"""An agency of another state that gets copies of the answers."""
DISPOSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
CORRECTED = {"kind": "corrected", "what": "a name", "reason": "misread", "by": "CLERK GAVEL"}
DISCLOSURES = (
    (IDENT, TaskKind.EXAMINE, "identification", {}),
    (LESC, TaskKind.STATUS, "removable", {"legal_ground": GROUND}),
    (ERO, TaskKind.DECIDE, "detainer", PERMITTED),
    (JAIL, TaskKind.ANSWER_DETAINER, "accept", {}),
)
NEWS = ((COURT, TaskKind.DISPOSE, "dismissed", DISPOSED), *((role, None, "", {}) for role in (AGENCY, IDENT, LESC)))
STEPS = (*DISCLOSURES, *NEWS)


def step(rig: Rig, case_id: str, number: int) -> bool:
    """Let a person do something, once it is there to do; tell whether it was."""
    role, kind, answer, details = STEPS[number]
    if kind is None:
        if not any(m.sender == str(role) and m.kind in TELLING for m in rig.messages(role, case_id)):
            return False
        dispatch.correct(rig.nodes[role], case_id, **CORRECTED)
        return True
    if not any(task.kind == kind for task in rig.tasks(role, open_only=True)):
        return False
    task = rig.task(role, kind, case_id)
    by = f"OFFICIAL {kind}"
    dispatch.decide_task(rig.nodes[role], task.id, answer=answer, reason="as seen", by=by, details=details)
    rig.run()
    # A record that was corrected before the decision asks a second officer, one that was corrected later does not.
    if any(asked.kind == TaskKind.SECOND_LOOK for asked in rig.tasks(role, open_only=True)):
        rig.decide(role, TaskKind.SECOND_LOOK, case_id, "agree")
    return True


def travelled(order: Sequence[int], delays: Sequence[bool]) -> Counter[tuple[str, ...]]:
    """Return what news and acknowledgements went from whom to whom, and what people were asked, each as often.

    Args:
        order: of `STEPS`: each time somebody can act, the first of these that can be done is done.
        delays: which deliveries fail at first, in their order; so later messages come before earlier ones.
    """
    with rigs() as make:
        rig = make(court=True, others={COPIED: (AGENCY, COPIED_ORI, "state2"), "state2": (STATE, "XXSIB0002", "")})
        rig.known_to_immigration("P7")
        rig.fails_at_first(delays)
        case_id = dispatch.submit(rig.nodes[AGENCY], card("P7", sco=(COPIED_ORI,))).case_id
        waiting = list(order)
        while True:
            done = next((number for number in waiting if step(rig, case_id, number)), None)
            if done is not None:
                waiting.remove(done)
            if not rig.moved_on() and done is None:
                break
        assert not waiting
        assert [(role, rig.failures(role)) for role in rig.nodes if rig.failures(role)] == []
        tasks = [(role, task) for role in rig.nodes for task in rig.tasks(role) if not task.was_replaced]
        asked = [(str(role), str(task.kind)) for role, task in tasks if task.kind != TaskKind.SECOND_LOOK]
        return Counter([*asked, *(named for role in rig.nodes for named in news_of(rig, role, case_id))])


def news_of(rig: Rig, role: Role, case_id: str) -> list[tuple[str, ...]]:
    found = []
    for sent in (m for m in rig.messages(role, case_id) if m.sender == str(role)):
        said = json.loads(sent.body) if sent.kind in (Kind.DISPOSITION, Kind.CORRECTION, Kind.ACK) else {}
        if sent.kind == Kind.ACK and "correction_id" not in said:
            continue
        if said:
            # A correction's id is made from its time; in this network each origin makes one.
            about = str(said.get("origin") or said.get("court") or origins(rig, case_id)[said["correction_id"]])
            whose, whom = str(said.get("party", "")), str(said.get("passed_on_to", ""))
            found.append((sent.sender, sent.recipient, str(sent.kind), about, whose, whom))
    return found


def origins(rig: Rig, case_id: str) -> dict[str, str]:
    known = [rig.case(role, case_id) for role in rig.nodes]
    return {name: item["origin"] for case in known if case for name, item in case.known["corrections"].items()}


@cache
def in_plain_order() -> Counter[tuple[str, ...]]:
    return travelled(range(len(STEPS)), ())


def test_everybody_gets_each_news_once() -> None:
    news = [row for row in in_plain_order().elements() if len(row) > len(("role", "task"))]
    copies = Counter((to, kind, about) for _, to, kind, about, _, _ in news if kind != Kind.ACK)
    everybody = {str(role) for role in (AGENCY, STATE, CRIMINAL, IDENT, LESC, ERO, JAIL, COURT, COPIED)}
    expected = {(to, "DISPOSITION", "court") for to in everybody - {"court"}}
    expected |= {(to, "CORRECTION", by) for by in map(str, (AGENCY, IDENT, LESC)) for to in everybody - {by}}
    assert copies == Counter(expected)


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(len(STEPS))), st.lists(st.booleans(), max_size=60))
@example(tuple(reversed(range(len(STEPS)))), [])
@example((4, 0, 5, 6, 1, 2, 7, 3), [True, False] * 30)
def test_the_order_of_news_and_disclosures_changes_no_copy_no_acknowledgement_and_no_question(
    order: Sequence[int], delays: Sequence[bool]
) -> None:
    assert travelled(order, delays) == in_plain_order()


def test_there_is_one_way_for_news_from_each_role_to_each_other() -> None:
    roles = {role for pair in LINKS for role in pair}
    for origin in roles:
        way = way_of_news(origin)
        assert way.keys() == roles - {origin}
        assert all((one, other) in LINKS for other, one in way.items())
        assert origin == COURT or COURT not in way.values()
