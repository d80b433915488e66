"""Audits: every party shows its ledger to an auditor, and the trail of a case to the agency that booked it.

An auditor holds nobody's data. It asks two parties for their ledgers, page by page, gets every leaf with the fields of
their messages to each other opened, and reconciles them itself (`audit_report`).
"""

from __future__ import annotations

from collections.abc import Iterable

from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange.model.audit import TRAIL_CONTENT, VIEW_CONTENT, AuditQuery, AuditRefusal, AuditTopic
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT, Envelope, ErasedHeading, MessageKey
from tenprint.exchange.model.known import Wake
from tenprint.exchange.model.routes import may_say
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Transaction, Work
from tenprint.exchange.tasks import waits
from tenprint.exchange.tasks.cases import keep
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint
from tenprint.ledger.trail import MAX_CARRIED, CaseTrail, read_trail, trail_of
from tenprint.ledger.view import MAX_PAGE_ENTRIES, LogView, shown_entry
from tenprint.ledger.vocabulary import COUNTERPART
from tenprint.records import EncodedImage, read

AUDIT, ASKED, ANSWERS = "audit", "audit_asked", "audit_answers"
"""In `Case.known`: parties of a reconciliation; whom a question went to; ids of the answers, by party."""
NO_CHECKPOINT = "NO_CHECKPOINT"
NO_IMAGES, UNKNOWN = "none", "not known"
"""What a message carried of prints; what cannot be told any more."""
SILENT_KINDS = (str(Kind.AUDIT_QUERY), str(Kind.AUDIT_ANSWER))
"""Kinds of messages that are no disclosure of a case."""


def on_query(work: Work, _: None) -> None:
    """Answer an audit: a page of the ledger, the trail of a case, or why not."""
    query = AuditQuery.from_bytes(work.message.body)
    try:
        if query.topic == AuditTopic.LOG:
            body, content = _page(work, query).to_bytes(), VIEW_CONTENT
        else:
            body, content = _trail(work).to_bytes(), TRAIL_CONTENT
    except SenderError as problem:
        body, content = AuditRefusal(problem.code, problem.message).to_bytes(), JSON_CONTENT
    work.send(Kind.AUDIT_ANSWER, work.message.sender, body, content_type=content)


def on_answer(work: Work, _: None) -> None:
    """Keep an answer; ask for the next page, or whom else the trail leads to, until there is nothing more to ask.

    Raises:
        RecordError: ``LEDGER_VIEW_FORM``, ``LEDGER_TRAIL_FORM``, ``CHECKPOINT_…``, ``BODY_INVALID``: it is no answer.
        SenderError: ``NOT_ASKED``.
        StorageError: ``UNKNOWN_CASE``.
    """
    case, party = work.case(), work.message.sender
    is_page = work.message.content_type == VIEW_CONTENT
    if party not in case.known.get(ASKED, ()) or (is_page and party not in case.known.get(AUDIT, ())):
        raise SenderError("NOT_ASKED", f"{party} was not asked for this")
    if is_page and LogView.from_bytes(work.message.body).start != _reached(views_of(work.tx, case, party)):
        raise SenderError("NOT_ASKED", f"{party} was asked for another page than this")
    kept = case.known.get(ANSWERS, {})
    case = case.moved(audit_answers=kept | {party: [*kept.get(party, ()), work.message.id]})
    if is_page:
        case = _ask_for_next_page(work, case, LogView.from_bytes(work.message.body))
    elif work.message.content_type == TRAIL_CONTENT:
        case = _follow(work, case, CaseTrail.from_bytes(work.message.body))
    else:
        AuditRefusal.from_bytes(work.message.body)
    waits.end_if_all_answered(work, case, Wake.AUDIT_OVERDUE)
    is_all_there = AUDIT in case.known and _is_whole(work, case)
    keep(work, case.moved(CaseState.ANSWERED) if is_all_there else case)


def ask(work: Work, case: Case, party: str, query: AuditQuery) -> Case:
    """Send a question to a party; return the case with it noted."""
    sent = work.send(Kind.AUDIT_QUERY, party, query.to_bytes(), case_id=case.case_id)
    waits.begin(work, sent, about=work.message.id)
    return case.moved(audit_asked=sorted({*case.known.get(ASKED, ()), party}))


def answers_in(tx: Transaction, case: Case) -> list[Envelope]:
    """Return the answers to audits of a case that were taken, but for those that were erased.

    What was given up, as no answer of this form, is not among them: it would spoil the others.
    """
    taken = {(party, message) for party, ids in case.known.get(ANSWERS, {}).items() for message in ids}
    answers = [one for one in tx.headings(case.case_id) if (one.sender, one.id) in taken]
    found = [tx.message(one.key) for one in answers if not isinstance(one, ErasedHeading)]
    return [message for message in found if message is not None]


def is_refusal(answer: Envelope) -> bool:
    """Tell whether an answer to an audit says why there is nothing to show."""
    return answer.kind == Kind.AUDIT_ANSWER and answer.content_type == JSON_CONTENT


def views_of(tx: Transaction, case: Case, party: str) -> list[LogView]:
    """Return the pages that a party has answered with so far; refusals are passed over."""
    found = []
    for message in answers_in(tx, case):
        if message.content_type == VIEW_CONTENT and message.sender == party:
            found.append(LogView.from_bytes(message.body))
    return found


def _page(work: Work, query: AuditQuery) -> LogView:
    _require_auditor(work)
    note = checkpoint_of(work.tx, query.size)
    size = parse_checkpoint(note).checkpoint.size
    end = min(size, query.start + MAX_PAGE_ENTRIES)
    entries = work.tx.entries(query.start, end) if query.start < end else []
    return LogView(note, query.start, tuple(shown_entry(entry, query.about) for entry in entries))


def _trail(work: Work) -> CaseTrail:
    case = work.tx.case(work.message.case_id)
    asker = work.services.directory.party(work.message.sender)
    # Who is not entitled learns as little as who asks about a case that is not here: the same sentence.
    if case is None or not (asker.role == Role.AUDITOR or (case.ori and case.ori == asker.ori)):
        raise SenderError("UNKNOWN_CASE", f"{work.services.party.id} has no such case of {asker.id}")
    entries, note = work.tx.case_entries(case.case_id), checkpoint_of(work.tx, 0)
    return trail_of(entries, work.tx.leaf_hashes(), note, SILENT_KINDS, lambda message: _carried(work, message))


def _carried(work: Work, message_id: str) -> str:
    """Return which prints a message that this party sent carried, as far as it still keeps it."""
    key = MessageKey(work.services.party.id, message_id)
    heading = work.tx.heading(key)
    if heading is None:
        return UNKNOWN
    if heading.content_type != EBTS_CONTENT:
        return NO_IMAGES
    if isinstance(heading, ErasedHeading):
        return f"{UNKNOWN}: the message was erased"
    try:
        message = work.tx.message(key)
    except StorageError as problem:
        return f"{UNKNOWN}: {problem.code}"
    return images_in_words(read(message.body).images()) if message is not None else UNKNOWN


def images_in_words(images: Iterable[EncodedImage]) -> str:
    """Return which images these are: ``14 images (Type-14): 10 rolled, 4 plain; WSQ20``, or ``none``."""
    found = list(images)
    if not found:
        return NO_IMAGES
    types = ", ".join(f"Type-{number}" for number in sorted({image.record_type for image in found}))
    rolled = sum(image.impression.is_rolled for image in found)
    sets = [f"{count} {name}" for count, name in ((rolled, "rolled"), (len(found) - rolled, "plain")) if count]
    codecs = ", ".join(sorted({image.compression for image in found}))
    return f"{len(found)} images ({types}): {', '.join(sets)}; {codecs}"[:MAX_CARRIED]


def _require_auditor(work: Work) -> None:
    if work.services.directory.party(work.message.sender).role != Role.AUDITOR:
        raise SenderError("NOT_ENTITLED", "a whole ledger is shown to an auditor only")


def checkpoint_of(tx: Transaction, size: int) -> bytes:
    """Return the checkpoint of that size, or the newest one.

    Raises:
        SenderError: ``NO_CHECKPOINT`` when there is none.
    """
    notes = tx.checkpoints()
    fitting = [note for note in notes if not size or parse_checkpoint(note).checkpoint.size == size]
    if not fitting:
        raise SenderError(NO_CHECKPOINT, "no checkpoint of that size has been signed here; ask again later")
    return fitting[-1]


def _ask_for_next_page(work: Work, case: Case, page: LogView) -> Case:
    size, reached = parse_checkpoint(page.note).checkpoint.size, page.start + len(page.entries)
    if reached >= size or not page.entries:
        return case
    about = next(party for party in case.known[AUDIT] if party != work.message.sender)
    return ask(work, case, work.message.sender, AuditQuery(str(AuditTopic.LOG), about, reached, size))


def _follow(work: Work, case: Case, trail: CaseTrail) -> Case:
    """Ask those to whom a party sent something of the case, as far as this party may ask them."""
    directory, sender = work.services.directory, work.message.sender
    _, lines = read_trail(trail, directory.party(sender).verifier, ledger_origin(sender))
    told = dict.fromkeys(str(line.fields.get(COUNTERPART, "")) for line in lines if line.is_proved)
    for party in told:
        try:
            role = directory.party(party).role
        except TenprintError:
            continue
        is_new = party not in case.known.get(ASKED, ()) and party != work.services.party.id
        if is_new and may_say(Kind.AUDIT_QUERY, work.services.party.role, role):
            case = ask(work, case, party, AuditQuery(str(AuditTopic.CASE)))
    return case


def _is_whole(work: Work, case: Case) -> bool:
    """Tell whether both ledgers of a reconciliation are here, up to the checkpoints they are shown by, or refused."""
    refused = {answer.sender for answer in answers_in(work.tx, case) if is_refusal(answer)}
    for party in case.known[AUDIT]:
        if party in refused:
            continue
        pages = views_of(work.tx, case, party)
        if not pages or _reached(pages) < parse_checkpoint(pages[0].note).checkpoint.size:
            return False
    return True


def _reached(pages: Iterable[LogView]) -> int:
    """Return up to which entry pages show a ledger from its beginning without a gap, in whatever order they came."""
    reached = 0
    for page in sorted(pages, key=lambda one: one.start):
        if page.start > reached:
            break
        reached = max(reached, page.start + len(page.entries))
    return reached
