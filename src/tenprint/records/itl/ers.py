"""Tenprint's layout of the electronic rap sheet text, ERS 2.075, in an SRE.

SRE of EBTS 8.001 has no MSG field, so what a submitter must learn beyond the criminal file stands here, in lines of at
most 72 characters with CR LF. SRF (2.059) speaks of the criminal file only. The layout::

    TENPRINT RESPONSE TEXT 1
    IMMIGRATION RESULT: PENDING            one of NOT ASKED, PENDING, NO MATCH, MATCH, ERROR, PARTIAL
    IMMIGRATION SEARCH: SUBMISSION ASKED (NDR 9)     why it was or was not made; left out when nobody says
    EXAMINER'S FINDING: INCONCLUSIVE       left out unless an examiner compared prints; or IDENTIFICATION, EXCLUSION
    PENDING REPOSITORIES: 9                NDR numbers with blanks between, NONE when none is open
    IMMIGRATION ALIEN RESPONSE:            left out when there is none
     what the specialist wrote, folded (see `tenprint.records.folding`)
    +a continuation of the line above
    RAP SHEET:                             left out when there is none
     the criminal history text, folded
    END OF RESPONSE TEXT

A text that does not begin with the first line is somebody else's: it is read as a rap sheet, and asks nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenprint.core.errors import RecordError
from tenprint.records.folding import CONTINUED, LINE_BREAK, NEW_LINE, fold, is_plain, unfold
from tenprint.records.words import ExaminerFinding, RepositoryState

FIRST_LINE = "TENPRINT RESPONSE TEXT 1"
LAST_LINE = "END OF RESPONSE TEXT"
IMMIGRATION, FINDING, PENDING = "IMMIGRATION RESULT: ", "EXAMINER'S FINDING: ", "PENDING REPOSITORIES: "
CASCADE, MAX_CASCADE = "IMMIGRATION SEARCH: ", 52
IAR_SECTION, RAP_SECTION = "IMMIGRATION ALIEN RESPONSE:", "RAP SHEET:"
MAX_CHARACTERS = 200_000


@dataclass(frozen=True)
class ResponseText:
    """What the ERS of an SRE says.

    Args:
        immigration: what the immigration repository has answered so far; pending is never a no.
        pending: NDR numbers of repositories whose answers will follow in a second SRE.
        iar: the immigration alien response as text, lines separated by LF, or ``""``.
        rap_sheet: criminal history text, or ``""``.
        finding: what an examiner found there; inconclusive is neither a match nor a no-match.
        cascade: why the immigration repository was searched, or was not; at most 52 characters, or ``""``.
    """

    immigration: RepositoryState = RepositoryState.NOT_ASKED
    pending: tuple[str, ...] = ()
    iar: str = ""
    rap_sheet: str = ""
    finding: ExaminerFinding = ExaminerFinding.NONE
    cascade: str = ""

    def to_text(self) -> str:
        """Return the text of field 2.075.

        Raises:
            RecordError: ``E0002`` for characters outside printable ASCII and LF or a repository that is no number,
                ``E0003`` when the text is too long for the field.
        """
        if not all(is_plain(text, lines=True) for text in (self.iar, self.rap_sheet)):
            raise RecordError("E0002", "response text must be printable 7-bit ASCII", field="2.075")
        if not is_plain(self.cascade) or len(self.cascade) > MAX_CASCADE:
            raise RecordError("E0002", f"a reason is one line of {MAX_CASCADE} printable characters", field="2.075")
        if not all(n.isascii() and n.isdecimal() and len(n) <= 3 for n in self.pending):
            raise RecordError("E0002", "repositories are numbers of at most three digits", field="2.075")
        lines = [
            FIRST_LINE,
            IMMIGRATION + self.immigration.value.replace("_", " ").upper(),
            *([CASCADE + self.cascade] if self.cascade else []),
            *([FINDING + self.finding.value.upper()] if self.finding else []),
            PENDING + (" ".join(self.pending) or "NONE"),
        ]
        for label, text in ((IAR_SECTION, self.iar), (RAP_SECTION, self.rap_sheet)):
            lines += [label, *fold(text)] if text else []
        whole = LINE_BREAK.join([*lines, LAST_LINE])
        if len(whole) > MAX_CHARACTERS:
            raise RecordError("E0003", f"response text is longer than {MAX_CHARACTERS} characters", field="2.075")
        return whole

    @classmethod
    def from_text(cls, text: str) -> ResponseText:
        """Return what a field 2.075 says; never raises, unknown lines are passed over."""
        lines = text.replace(LINE_BREAK, "\n").split("\n")
        if lines[0] != FIRST_LINE:
            return cls(rap_sheet="\n".join(lines))
        states = {s.value.replace("_", " ").upper(): s for s in RepositoryState}
        state, finding = RepositoryState.NOT_ASKED, ExaminerFinding.NONE
        findings = {f.value.upper(): f for f in ExaminerFinding}
        pending: tuple[str, ...] = ()
        cascade = ""
        sections: dict[str, list[str]] = {IAR_SECTION: [], RAP_SECTION: []}
        current: list[str] = []
        for line in lines[1:]:
            if line.startswith((NEW_LINE, CONTINUED)):
                current.append(line)
            elif line.startswith(IMMIGRATION):
                state = states.get(line[len(IMMIGRATION) :], RepositoryState.ERROR)
            elif line.startswith(CASCADE):
                cascade = line[len(CASCADE) :]
            elif line.startswith(FINDING):
                finding = findings.get(line[len(FINDING) :], ExaminerFinding.INCONCLUSIVE)
            elif line.startswith(PENDING):
                pending = tuple(n for n in line[len(PENDING) :].split() if n.isdecimal())
            else:
                current = sections.get(line, [])
        return cls(state, pending, unfold(sections[IAR_SECTION]), unfold(sections[RAP_SECTION]), finding, cascade)
