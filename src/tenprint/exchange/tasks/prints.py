"""A submission's prints before any transaction: read the card, extract, search one's own gallery; pure.

What is wrong with a submission as a whole (`ReadCard.findings`) means rejection; what is wrong with one image is kept
beside that finger, and the card goes on with the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.chance import content_id
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.template import Template
from tenprint.engine.parameters.comparison import FMR_1E6_BY_FINGERS
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.known import Repository
from tenprint.exchange.model.words import RepositoryState
from tenprint.exchange.ports import Extraction, Services
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.questions import Ask
from tenprint.records import Transaction, read
from tenprint.records.itl.ebts import SUBMISSIONS, Booking, Finding, missing_fingers, read_booking, validate
from tenprint.records.itl.validation import ERROR

SEARCH_LIMIT = 20
"""Candidates asked of a gallery. FRIF TE E1N: a mate missed at rank 1 mostly stands within 10 (domain.md 16.2)."""
IMAGE_CODES = frozenset({"L0006", "L0009"})
"""EBTS codes that speak of one image (invalid type, decompression), not of the submission."""
UNREADABLE_IMAGE = "L0006: the image record cannot be used"


@dataclass(frozen=True)
class Threshold:
    """The similarity from which a candidate is taken up, named by its error rate.

    Args:
        by_fingers: fused similarity, milli-units, for 1 to 10 compared fingers.
        name: such as ``FMR_1E6``.
    """

    by_fingers: tuple[int, ...]
    name: str

    def for_candidate(self, candidate: Candidate) -> int:
        """Return the similarity that this candidate has to reach: it depends on how many fingers were compared."""
        return self.for_fingers(len(candidate.fingers))

    def for_fingers(self, count: int) -> int:
        """Return the similarity to be reached when `count` fingers were compared."""
        return self.by_fingers[min(max(count, 1), len(self.by_fingers)) - 1]


@dataclass(frozen=True)
class ReadCard:
    """What reading, extracting and searching gave.

    Args:
        received: the transaction as read; holds the bytes.
        booking: who and what, leniently.
        findings: errors that mean rejection, worst first; empty for a good submission.
        templates: per single finger, the usable ones.
        failures: per single finger, why its image gave none.
        search: what the own gallery answered; None when nothing was searched.
    """

    received: Transaction
    booking: Booking
    findings: tuple[Finding, ...]
    templates: Mapping[FingerPosition, Template] = field(default_factory=dict)
    failures: Mapping[FingerPosition, str] = field(default_factory=dict)
    search: SearchResult | None = None

    @property
    def explained(self) -> frozenset[FingerPosition]:
        """Return the fingers whose absence AMP explains."""
        return missing_fingers(self.booking)


def prepare_card(services: Services, message: Envelope) -> ReadCard:
    """Read, judge, extract and search the submission that a message carries. Memoised by the matcher."""
    card = read_card(services, message)
    search = services.matcher.search(card.templates, SEARCH_LIMIT) if card.templates else None
    return replace(card, search=_without(search, subject_of(services.party.id, message.case_id)))


def read_card(services: Services, message: Envelope) -> ReadCard:
    """Read, judge and extract the submission that a message carries, and search nothing. Memoised by the matcher."""
    received = read(message.body)
    booking = read_booking(received)
    findings = tuple(f for f in validate(received, authorised=SUBMISSIONS) if f.severity == ERROR)
    about_images = [f for f in findings if f.code in IMAGE_CODES]
    findings = tuple(f for f in findings if f.code not in IMAGE_CODES)
    images = [image for image in received.images() if image.fgp in SINGLE_FINGERS]
    if about_images:
        findings = tuple(f for f in findings if not _only_says_that_images_are_gone(f))
    if findings:
        return ReadCard(received, booking, findings)
    extraction = services.matcher.extract(images)
    failures = _failures(extraction, missing_fingers(booking), has_unreadable=bool(about_images))
    return ReadCard(received, booking, (), extraction.templates, failures)


def subject_of(party: str, case_id: str) -> str:
    """Return the subject id under which a party keeps the prints of a booking."""
    return content_id("subject", party, case_id)


def threshold_of(party: Party) -> Threshold:
    """Return the engine's calibrated threshold, or the one that the party's settings state.

    Settings: ``threshold`` (milli-units, whatever the number of fingers) and ``threshold_name``.
    """
    stated = party.settings.get("threshold")
    if stated is None:
        return Threshold(FMR_1E6_BY_FINGERS, "FMR_1E6")
    return Threshold((int(stated),), str(party.settings.get("threshold_name", "STATED")))


def candidates_above(search: SearchResult | None, threshold: Threshold) -> tuple[Candidate, ...]:
    """Return the candidates that reach the threshold, by rank."""
    return tuple(c for c in search.candidates if c.score >= threshold.for_candidate(c)) if search else ()


def verified_by_rule(
    ask: Ask, repository: Repository, search: SearchResult | None, threshold: Threshold
) -> tuple[RepositoryState, str]:
    """Return what a repository answers when the dated rule verifies its best candidate, and the match's subject id.

    The best one is the first by rank that reaches its threshold, which depends on how many fingers were compared.
    A search that could not compare the whole gallery and found nobody is `partial`; one that could not be made is
    `error`.
    """
    if search is None:
        return RepositoryState.ERROR, ""
    best = next(iter((*candidates_above(search, threshold), *search.candidates)), None)
    if best is not None:
        decision = questions.verify_candidate(
            ask, repository, best.score, threshold.for_candidate(best), threshold.name
        )
        if decision.outcome == questions.BY_RULE:
            return RepositoryState.MATCH, best.subject_id
        if decision.outcome == questions.BY_EXAMINER:
            # No examiner sits here in this release: what only a person could tell is no answer yet, and no "no match".
            return RepositoryState.PARTIAL, ""
    return (RepositoryState.NO_MATCH if search.is_complete else RepositoryState.PARTIAL), ""


def failures_as_json(failures: Mapping[FingerPosition, str]) -> dict[str, str]:
    """Return failures by position as text, for `Case.known`."""
    return {str(int(finger)): why for finger, why in sorted(failures.items())}


def booking_as_json(booking: Booking) -> dict[str, Any]:
    """Return a booking for `Case.known`."""
    return {item.name: _listed(getattr(booking, item.name)) for item in fields(booking)}


def booking_of(case: Case) -> Booking:
    """Return the booking that `booking_as_json` put into `Case.known` under ``booking``."""
    kept = case.known["booking"]
    return Booking(**{item.name: _tupled(kept[item.name]) for item in fields(Booking)})


def _without(search: SearchResult | None, subject: str) -> SearchResult | None:
    """Return a search without a subject: a booking that comes again is not found in its own first attempt."""
    if search is None or all(candidate.subject_id != subject for candidate in search.candidates):
        return search
    others = [candidate for candidate in search.candidates if candidate.subject_id != subject]
    ranked = tuple(replace(candidate, rank=rank) for rank, candidate in enumerate(others, 1))
    return replace(search, candidates=ranked)


def _failures(
    extraction: Extraction, explained: frozenset[FingerPosition], *, has_unreadable: bool
) -> dict[FingerPosition, str]:
    """Return why fingers have no template: what the extractor says, and images whose record could not be used."""
    failures = dict(extraction.failures)
    if has_unreadable:
        known = {*extraction.templates, *failures, *explained}
        failures.update({finger: UNREADABLE_IMAGE for finger in SINGLE_FINGERS if finger not in known})
    return failures


def _only_says_that_images_are_gone(finding: Finding) -> bool:
    """Tell whether a finding merely follows from an image record that could not be used (told beside the finger)."""
    return finding.code == "E0001" and finding.field in ("2.084", "4.004", "14.013")


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
