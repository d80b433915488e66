"""IAQ, the immigration alien query: a name-based question to the support center (formats.md section 4)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tenprint.core.errors import RecordError
from tenprint.records.nlets import lines
from tenprint.records.nlets.lines import Line
from tenprint.records.words import MatchConfirmation

TITLE = "IAQ 1"
SUPPORT_CENTER = "AX"
"""The Nlets destination of the support center."""
GENERIC_OFFENSE = "0399"
"""OFF when no charge has an NCIC code."""
LAYOUT = (
    Line("ORI", "ori", lines.AGENCY),
    Line("DRI", "destination", lines.DESTINATION),
    Line("REF", "ref", lines.REFERENCE),
    Line("PUR", "pur", r"[CF]"),
    Line("ATN", "atn", lines.PERSON),
    Line("PHN", "phn", r"[0-9]{10,15}"),
    Line("NAM", "nam", lines.NAME),
    Line("DOB", "dob", lines.DATE),
    Line("SEX", "sex", lines.SEX),
    Line("POB", "pob", r"[A-Z]{2}"),
    Line("CUS", "cus", r"[YN]"),
    Line("OFF", "off", r"[0-9]{4}"),
    Line("ARN", "arn", lines.A_NUMBER, is_optional=True),
    Line("FBI", "fbi", lines.FBI_NUMBER, is_optional=True),
    Line("SID", "sid", lines.STATE_NUMBER, is_optional=True),
    Line("FIN", "fin", r"[0-9]{1,15}", is_optional=True),
    Line("CNF", "confirmed_by", "|".join(c for c in MatchConfirmation if c), is_optional=True),
)


@dataclass(frozen=True, repr=False)
class Iaq:
    """One query.

    Args:
        ori: who asks, 9 characters.
        ref: the asker's reference, at most 40 characters (such as the booking's TCN); the IAR repeats it.
        pur: C criminal justice, F firearms.
        atn: person who wants to know. phn: telephone, 10 to 15 digits.
        nam, dob, sex, pob: as in EBTS 2.018, 2.022, 2.024, 2.020; upper case.
        cus: Y when the person is in custody.
        off: NCIC code of the most serious charge, 0399 when none.
        arn, fbi, sid: A-number, FBI number, state number, when known. fin: DHS fingerprint identification number, ours:
            it says which fingerprint match the question follows.
        confirmed_by: ours too: who confirmed that match, an examiner or a dated rule; ``""`` when that is not said.
        destination: AX.

    Raises:
        RecordError: ``E0001`` or ``E0002`` with the label of the field at fault.
    """

    ori: str
    ref: str
    atn: str
    phn: str
    nam: str
    dob: str
    sex: str
    pob: str
    pur: str = "C"
    cus: str = "Y"
    off: str = GENERIC_OFFENSE
    arn: str = ""
    fbi: str = ""
    sid: str = ""
    fin: str = ""
    confirmed_by: MatchConfirmation = MatchConfirmation.NONE
    destination: str = SUPPORT_CENTER

    def __post_init__(self) -> None:
        lines.check(asdict(self), LAYOUT)
        object.__setattr__(self, "confirmed_by", MatchConfirmation(self.confirmed_by))

    def __repr__(self) -> str:
        return f"Iaq(ori={self.ori!r}, ref={self.ref!r})"

    def to_bytes(self) -> bytes:
        """Return the record's one form."""
        return lines.to_bytes(TITLE, asdict(self), LAYOUT)

    @classmethod
    def from_bytes(cls, data: bytes) -> Iaq:
        """Return the query in `data`.

        Raises:
            RecordError: ``E0001`` to ``E0005``, with the label of the field at fault.
        """
        query = cls(**lines.from_bytes(TITLE, data, LAYOUT))  # type: ignore[arg-type]
        if query.to_bytes() != data:
            raise RecordError("E0004", "the record is not in its one form")
        return query
