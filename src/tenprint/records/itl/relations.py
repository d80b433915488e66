"""Relations between fields: named functions that a profile lists. What is new here is a warning, never a rejection.

A function gets the transaction and the rule that names it and yields findings; a name that is not in `RELATIONS` is
refused when the profile is loaded for judging.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition
from tenprint.records.itl.findings import ERROR, WARNING, Finding, finding_of
from tenprint.records.itl.impressions import EncodedImage
from tenprint.records.itl.judging import is_calendar_date
from tenprint.records.itl.record import Record
from tenprint.records.itl.table_model import RelationRule, Table
from tenprint.records.itl.transaction import Transaction

SUBMISSIONS = ("CAR", "CNA")
DISPOSITION = "DSPE"
CRIMINAL_IMAGES = 14
CRIMINAL_FILE, CIVIL_FILE = "1", "2"
AMPUTATED = "XX"


@dataclass(frozen=True)
class Judged:
    """What a relation is asked about.

    Args:
        transaction: as read.
        second: its first Type-2 record.
        tot: the type of transaction whose rules hold (what a state's own name stands for).
        table: the profile.
        rule: the relation as the profile lists it.
    """

    transaction: Transaction
    second: Record
    tot: str
    table: Table
    rule: RelationRule

    def wrong(
        self,
        tag: str,
        found: str,
        message: str,
        severity: str = ERROR,
        *,
        code: str = "",
        expected: str = "",
        image: EncodedImage | None = None,
    ) -> Finding:
        """Return a finding of this relation, in the record of `image` when there is one."""
        code = code or self.rule.code
        record = -1 if image is None else self._record_of(image)
        return finding_of(
            code, tag, found, message, severity,
            rule=self.rule.name, clause=self.rule.clause, edition=self.rule.edition, expected=expected, record=record,
        )  # fmt: skip

    def _record_of(self, image: EncodedImage) -> int:
        records = enumerate(self.transaction.records)
        return next((n for n, r in records if (r.type, r.idc) == (image.record_type, image.idc)), -1)


def cna_is_retained(judged: Judged) -> Iterator[Finding]:
    """A CNA asks for no answer, so it makes sense only when the prints are kept."""
    if judged.tot == "CNA" and judged.second.get("2.005") == "N":
        yield judged.wrong("2.005", "N", "a CNA must be retained (RET Y)", expected="Y")


def arrest_after_birth(judged: Judged) -> Iterator[Finding]:
    """The date of arrest (DOA) is not before the date of birth (DOB)."""
    born, arrested = judged.second.get("2.022")[:8], judged.second.get("2.045")
    if is_calendar_date(born) and is_calendar_date(arrested) and arrested < born:
        message = "the date of arrest is before the date of birth"
        yield judged.wrong("2.045", arrested, message, expected="a day not before DOB (2.022)")


def missing_fingers_without_image(judged: Judged) -> Iterator[Finding]:
    """A finger that AMP calls amputated has no image of its own, and no finger is explained twice."""
    groups = [(int(g[0]), g[1]) for g in judged.second.items("2.084") if len(g) > 1 and _is_number(g[0])]
    taken = {int(i.fgp) for i in judged.transaction.images() if i.fgp in SINGLE_FINGERS}
    for position in sorted({p for p, reason in groups if reason == AMPUTATED} & taken):
        message = f"finger position {position} is amputated by AMP and has an image"
        yield judged.wrong("2.084", f"{position:02d}", message, WARNING, expected="AMP or an image, not both")
    for position in sorted(p for p, times in Counter(p for p, _ in groups).items() if times > 1):
        message = f"AMP explains finger position {position} more than once"
        yield judged.wrong("2.084", f"{position:02d}", message, WARNING, expected="one reason for a finger")


def repositories_are_known(judged: Judged) -> Iterator[Finding]:
    """Each repository asked (NDR) is one that the edition knows, and is named once."""
    known = judged.table.codes.get("NDR")
    values = judged.second.occurrences("2.098")
    for number in sorted({v for v in values if v.isdecimal()} if known else ()):
        if known and number not in known.values:
            yield judged.wrong(
                "2.098", number, "NDR names a repository that the edition does not know", WARNING,
                expected="a repository of the NDR table",
            )  # fmt: skip
    for number in sorted(v for v, times in Counter(values).items() if times > 1):
        yield judged.wrong("2.098", number, "NDR names a repository twice", WARNING, expected="each repository once")


def retention_names_the_criminal_file(judged: Judged) -> Iterator[Finding]:
    """RET Y keeps a criminal submission in the criminal master file: NDR must not name the civil file in its place."""
    asked = set(judged.second.occurrences("2.098"))
    is_kept = judged.tot in SUBMISSIONS and judged.second.get("2.005") == "Y"
    if is_kept and CIVIL_FILE in asked and CRIMINAL_FILE not in asked:
        message = "RET Y keeps the prints in the criminal file, NDR names the civil file in its place"
        yield judged.wrong("2.098", CIVIL_FILE, message, WARNING, expected="1 beside 2, or RET N")


def rap_back_is_retained(judged: Judged) -> Iterator[Finding]:
    """Rap back (RBR) watches over prints that are kept: it needs RET Y."""
    asked = judged.second.get("2.052")
    if asked and judged.second.get("2.005") != "Y":
        message = "rap back (RBR) is asked for prints that are not retained"
        yield judged.wrong("2.052", asked, message, WARNING, expected="RET Y, or no RBR")


def custody_fields_together(judged: Judged) -> Iterator[Finding]:
    """Custody data come together (SSD, OCA, SLE), and SLE only with the charges of arrest and court (ASL, CSL)."""
    names = {"2.054": "SSD", "2.009": "OCA", "2.055": "SLE", "2.047": "ASL", "2.051": "CSL"}
    given = {tag for tag in names if judged.second.get(tag)}
    needed: set[str] = set()
    if given & {"2.054", "2.055"}:
        needed |= {"2.054", "2.009", "2.055"}
    if "2.055" in given:
        needed |= {"2.047", "2.051"}
    for tag in sorted(needed - given):
        yield judged.wrong(tag, "", f"custody data are given without {names[tag]}", WARNING, expected=names[tag])


def custody_after_arrest(judged: Judged) -> Iterator[Finding]:
    """Custody (SSD) does not begin before the arrest (DOA)."""
    began, arrested = judged.second.get("2.054"), judged.second.get("2.045")
    if is_calendar_date(began) and is_calendar_date(arrested) and began < arrested:
        message = "custody begins before the date of arrest"
        yield judged.wrong("2.054", began, message, WARNING, expected="a day not before DOA (2.045)")


def one_number_returned(judged: Judged) -> Iterator[Finding]:
    """An SRE gives back an FBI number or a civil record number (CRN), not both."""
    if judged.tot == "SRE" and judged.second.get("2.014") and judged.second.get("2.085"):
        found = judged.second.get("2.085")
        yield judged.wrong("2.085", found, "FBI and CRN are given, which exclude each other", WARNING, expected="one")


def fourteen_images(judged: Judged) -> Iterator[Finding]:
    """A booking has ten fingers in their own boxes (rolled, or plain in their place), four plain sets, or reasons."""
    if judged.tot not in SUBMISSIONS:
        return
    transaction = judged.transaction
    images = transaction.images()
    tag = "4.004" if transaction.first(4) and not transaction.first(14) else "14.013"
    if not images:
        yield judged.wrong(tag, "", f"there is no usable finger image; {CRIMINAL_IMAGES} are needed")
        return
    count = Counter(i.fgp for i in images)
    explained = {int(g[0]) for g in judged.second.items("2.084") if len(g) > 1 and _is_number(g[0])}
    unexplained = [f for f in SINGLE_FINGERS if not count[f] and int(f) not in explained]
    if unexplained:
        numbers = " ".join(str(int(f)) for f in unexplained)
        message = f"no image and no reason (AMP) for finger positions {numbers}"
        yield judged.wrong("2.084", numbers, message, expected="an image or a reason for each finger")
    for plain, fingers in PLAIN_SETS.items():
        if not count[plain] and not {int(f) for f in fingers} <= explained:
            yield judged.wrong(tag, str(int(plain)), f"the plain impression {plain.title} is missing")
    for position, occurs in count.items():
        if occurs > 1 and position != FingerPosition.UNKNOWN:
            message = f"position {int(position)} is given {occurs} times"
            last = [i for i in images if i.fgp == position][-1]
            yield judged.wrong(
                tag, str(int(position)), message, code="L0059", expected="each position once", image=last
            )
    for image in images:
        if image.fgp in PLAIN_SETS and image.impression.is_rolled:
            message = f"position {int(image.fgp)} is a plain set, its impression type says rolled"
            at = "14.003" if image.record_type == 14 else "4.003"
            yield judged.wrong(
                at, str(int(image.impression)), message, code="E0006", expected="a plain one", image=image
            )


RELATIONS: dict[str, Callable[[Judged], Iterator[Finding]]] = {
    relation.__name__: relation
    for relation in (
        cna_is_retained,
        arrest_after_birth,
        missing_fingers_without_image,
        repositories_are_known,
        retention_names_the_criminal_file,
        rap_back_is_retained,
        custody_fields_together,
        custody_after_arrest,
        one_number_returned,
        fourteen_images,
    )
}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 2
