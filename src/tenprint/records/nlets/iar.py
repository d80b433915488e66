"""IAR, the immigration alien response: what a specialist of the support center found in the records.

The real layout was never published (domain.md section 3.4): this one is Tenprint's own. It states findings only; who
may be held is decided elsewhere, by a named officer, and the record says so in words that cannot be left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tenprint.core.errors import RecordError
from tenprint.records.nlets import lines
from tenprint.records.nlets.lines import Line
from tenprint.records.words import IarStatus, MatchConfirmation

TITLE = "IAR 1"
CAVEAT = "THIS IS NOT AN ARREST WARRANT AND NOT A DETAINER. IT REPORTS WHAT RECORDS SAY; A NAMED OFFICER DECIDES."
LAYOUT = (
    Line("ORI", "ori", lines.AGENCY),
    Line("DRI", "destination", lines.DESTINATION),
    Line("REF", "ref", lines.REFERENCE),
    Line("DTM", "answered_at", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"),
    Line("NAM", "nam", lines.NAME),
    Line("DOB", "dob", lines.DATE),
    Line("ARN", "arn", lines.A_NUMBER, is_optional=True),
    Line("FIN", "fin", r"[0-9]{1,15}", is_optional=True),
    Line("CNF", "confirmed_by", "|".join(c for c in MatchConfirmation if c), is_optional=True),
    Line("OFF", "off", r"[0-9]{4}", is_optional=True),
    Line("STA", "status", "|".join(IarStatus)),
    Line("GRD", "legal_ground", r"[!-~][ -~]{0,119}", is_optional=True),
    Line("SPC", "specialist", lines.PERSON),
    Line("CAV", "caveat", ""),
    Line("TXT", "text", ""),
)
NEEDS_GROUND = frozenset({IarStatus.REMOVABLE, IarStatus.IN_PROCEEDINGS, IarStatus.FINAL_ORDER})
"""Statuses that say something to a person's disadvantage: they must name their ground in law."""


@dataclass(frozen=True, repr=False)
class Iar:
    """One answer.

    Args:
        ori: the support center. destination: who asked. ref: the query's reference.
        answered_at: UTC, ISO 8601 with milliseconds, as `tenprint.core.clock.to_wire` writes it.
        nam, dob: as on file there, upper case. arn, fin: numbers on file.
        status: what the records say.
        legal_ground: statute or ground, at most 120 characters; mandatory for removable, in_proceedings, final_order.
        specialist: name of the person who answers.
        text: what the person wrote, printable ASCII, lines separated by LF.
        confirmed_by: who confirmed the match behind the query, as the query said it.
        off: NCIC code of the most serious charge, as the query said it; an accusation, and no finding of this record.

    Raises:
        RecordError: ``E0001``, ``E0002`` or ``E0006`` with the label of the field at fault.
    """

    ori: str
    destination: str
    ref: str
    answered_at: str
    nam: str
    dob: str
    status: IarStatus
    specialist: str
    text: str
    legal_ground: str = ""
    arn: str = ""
    fin: str = ""
    confirmed_by: MatchConfirmation = MatchConfirmation.NONE
    off: str = ""

    def __post_init__(self) -> None:
        lines.check(self._values(), LAYOUT)
        object.__setattr__(self, "status", IarStatus(self.status))
        object.__setattr__(self, "confirmed_by", MatchConfirmation(self.confirmed_by))
        if self.status in NEEDS_GROUND and not self.legal_ground:
            raise RecordError("E0006", f"the status {self.status} needs its legal ground", field="GRD")

    def __repr__(self) -> str:
        return f"Iar(ori={self.ori!r}, ref={self.ref!r})"

    @property
    def caveat(self) -> str:
        """Return the sentence that every answer carries."""
        return CAVEAT

    def to_bytes(self) -> bytes:
        """Return the record's one form."""
        return lines.to_bytes(TITLE, self._values(), LAYOUT)

    def to_text(self) -> str:
        """Return the answer as plain lines for a person, as it goes into an SRE (`ResponseText.iar`)."""
        facts = (
            ("STATUS", self.status.replace("_", " ").upper()),
            ("LEGAL GROUND", self.legal_ground),
            ("SPECIALIST", self.specialist),
            ("ANSWERED", self.answered_at),
            ("REFERENCE", self.ref),
        )
        return "\n".join([*(f"{label}: {value}" for label, value in facts if value), CAVEAT, self.text])

    @classmethod
    def from_bytes(cls, data: bytes) -> Iar:
        """Return the answer in `data`.

        Raises:
            RecordError: ``E0001`` to ``E0006``, with the label of the field at fault; ``E0006`` too when the caveat
                was changed.
        """
        values = lines.from_bytes(TITLE, data, LAYOUT)
        if values.pop("caveat") != CAVEAT:
            raise RecordError("E0006", "the caveat was left out or changed", field="CAV")
        answer = cls(**values)  # type: ignore[arg-type]
        if answer.to_bytes() != data:
            raise RecordError("E0004", "the record is not in its one form")
        return answer

    def _values(self) -> dict[str, str]:
        return asdict(self) | {"caveat": CAVEAT}
