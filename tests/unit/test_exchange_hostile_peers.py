"""A peer that foresees an id takes nobody's place: ids are one's own, whatever others call their messages.

Two networks of one seed mint equal ids. What the undisturbed one says is foreseen in the other, where a peer uses the
id first, in a message that is validly signed and of a kind that it may send.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from exchange_rig import Rig, card

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT, Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.ledger.reconcile import reconcile

pytestmark = pytest.mark.slow

AGENCY, STATE, FBI, IDENT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY
LESC, ERO, JAIL = Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL
HOLD = timedelta(hours=48)


def hostile(
    rig: Rig, sender: Role, recipient: Role, kind: Kind, message_id: str, *, case_id: str = "case-other"
) -> None:
    """Let a peer use an id, in a message whose body says nothing; the receiver takes it in."""
    content = EBTS_CONTENT if kind == Kind.SRE else JSON_CONTENT
    envelope = Envelope(
        id=message_id, kind=kind, sender=str(sender), recipient=str(recipient), case_id=case_id,
        sent_at=rig.clock.now(), body=b"{}", content_type=content,
    )  # fmt: skip
    envelope = envelope.signed(rig.keys[sender].sign(envelope.signed_bytes()))
    assert b"tenprint.receipt" in dispatch.accept(rig.nodes[recipient], envelope.to_bytes())


def sent_by(rig: Rig, role: Role, case_id: str, kind: Kind) -> list[Envelope]:
    return [m for m in rig.messages(role, case_id, kind) if m.sender == str(role)]


def agrees(rig: Rig) -> bool:
    """Tell whether all logs agree with each other but for the hostile message, which its sender did not write down."""
    logs = {str(role): node.store.entries() for role, node in rig.nodes.items()}
    found = [d for a in logs for b in logs if a < b for d in reconcile(a, logs[a], b, logs[b])]
    return [d.kind for d in found] == ["not_sent"]


def test_a_message_with_the_id_of_a_running_hold_s_timer_does_not_keep_the_hold_from_lapsing(
    make: Callable[..., Rig],
) -> None:
    foreseen, rig = make(), make()
    case_id = foreseen.until_held()
    foreseen.wait(HOLD)
    (timer,) = foreseen.messages(JAIL, case_id, Kind.TIMER)
    assert rig.until_held() == case_id
    hostile(rig, ERO, JAIL, Kind.DETAINER, timer.id)
    rig.wait(HOLD)
    assert rig.case(JAIL, case_id).state == rig.case(ERO, case_id).state == CaseState.LAPSED
    assert rig.received(ERO, case_id, Kind.CUSTODY) == foreseen.received(ERO, case_id, Kind.CUSTODY)
    assert agrees(rig)


def test_a_message_with_the_id_of_an_answer_to_come_does_not_keep_it_from_being_recorded(
    make: Callable[..., Rig],
) -> None:
    rig = make()
    case_id = rig.until_detainer()
    task = rig.task(JAIL, TaskKind.ANSWER_DETAINER, case_id)
    hostile(rig, ERO, JAIL, Kind.DETAINER, f"answer_detainer-{task.id}-1", case_id=case_id)
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    assert rig.case(JAIL, case_id).state == rig.case(ERO, case_id).state == CaseState.LODGED
    assert [row["outcome"] for row in rig.entries(JAIL, "task_answered")] == ["accept"]
    assert agrees(rig)


NEXT_OWN = [
    (JAIL, Kind.DETAINER_ANSWER, ERO, Kind.DETAINER),
    (STATE, Kind.CAR, FBI, Kind.SRE),
    (FBI, Kind.IDENT_SEARCH, IDENT, Kind.IDR),
    (ERO, Kind.DETAINER, LESC, Kind.IAR),
]
"""Whose next message, of which kind, and who uses its id first, in which kind of message."""


@pytest.mark.parametrize(("victim", "kind", "peer", "said"), NEXT_OWN, ids=[str(row[0]) for row in NEXT_OWN])
def test_the_right_bytes_go_out_though_a_peer_used_the_id_of_the_next_own_message(
    make: Callable[..., Rig], victim: Role, kind: Kind, peer: Role, said: Kind
) -> None:
    foreseen, rig = make(), make()
    case_id = foreseen.until_held()
    (own,) = sent_by(foreseen, victim, case_id, kind)
    hostile(rig, peer, victim, said, own.id)
    assert rig.until_held() == case_id
    assert sent_by(rig, victim, case_id, kind) == [own]
    assert rig.received(Role(own.recipient), case_id, kind) == own
    assert agrees(rig)


def test_a_message_with_an_id_that_another_sender_will_use_does_not_keep_that_one_out(
    make: Callable[..., Rig],
) -> None:
    foreseen, rig = make(), make()
    case_id = foreseen.until_held()
    (booking,) = sent_by(foreseen, AGENCY, case_id, Kind.CAR)
    hostile(rig, FBI, STATE, Kind.SRE, booking.id, case_id=case_id)
    assert rig.until_held() == case_id
    assert rig.received(STATE, case_id, Kind.CAR) == booking
    assert [m.kind for m in rig.messages(AGENCY, case_id)] == [m.kind for m in foreseen.messages(AGENCY, case_id)]
    assert agrees(rig)
    lines = story.case_story(rig.all, case_id)
    sent = next(n for n, line in enumerate(lines) if (line.party, line.direction) == ("agency", "sent"))
    got = next(n for n, line in enumerate(lines) if (line.counterpart, line.direction) == ("agency", "received"))
    assert sent < got


def test_a_second_agency_with_the_first_one_s_message_id_and_control_number_gets_no_case_of_its_own(
    make: Callable[..., Rig],
) -> None:
    rig = make(second_agency=True)
    case_id = rig.book(card("P1"))
    (booking,) = sent_by(rig, AGENCY, case_id, Kind.CAR)
    envelope = Envelope(
        id=booking.id, kind=Kind.CAR, sender="agency2", recipient="state_bureau", case_id="case-other",
        sent_at=rig.clock.now(), body=booking.body, content_type=EBTS_CONTENT, tcn=booking.tcn,
    )  # fmt: skip
    envelope = envelope.signed(rig.keys[AGENCY].sign(envelope.signed_bytes()))
    dispatch.accept(rig.nodes[STATE], envelope.to_bytes())
    dispatch.handle_due(rig.nodes[STATE], 10)
    assert [m.kind for m in sent_by(rig, STATE, "case-other", Kind.ERRT)] == [Kind.ERRT]
    assert rig.case(STATE, "case-other").state == CaseState.REJECTED


def test_a_header_in_another_spelling_is_no_message(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.book(card("P1"))
    (wire,) = [w for recipient, w in rig.post.wires if recipient == "state_bureau" and b'"kind":"CAR"' in w]
    head, _, body = wire.partition(b"\n")
    fields = json.loads(head)
    before = rig.entries(STATE)
    spellings = (
        json.dumps(fields, sort_keys=True).encode(),
        canonical_json(fields | {"more": 1}),
        canonical_json(fields | {"sent_at": fields["sent_at"].replace("Z", "+00:00")}),
        head.replace(b'"v":1', b'"v":1.0'),
        head[:-1] + b',"v":1}',
    )
    for spelling in spellings:
        with pytest.raises(RecordError, match="ENVELOPE_INVALID"):
            dispatch.accept(rig.nodes[STATE], spelling + b"\n" + body)
    assert rig.entries(STATE) == before
    assert rig.received(STATE, case_id, Kind.CAR).to_bytes() == wire
