"""The bytes of one small CAR, SRE and ERRT, of one IAQ, IAR and IDENT response: a change of layout must be meant.

All people are invented. Separators are shown as `show` says.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tenprint import records
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records import Booking, Iaq, Iar, IarStatus, IdentDataResponse, RepositoryState, ResponseText

BOOKING = Booking(
    nam="SAMPLESON,PERSON QUINCE", pob="MM", dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO",
    hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"), ("", "THEFT, PETTY")),
    cri=("CO0010000",), tcn="TCN-2010-0000001", ori="COSIB0000", dai="FBICJIS00", dat="20101004", ndr=("1", "9"),
    amp=((3, "XX"),), atn="DET J Q PUBLIC",
)  # fmt: skip
IMAGES = tuple(
    records.EncodedImage(
        0, 14, FingerPosition(n), Impression.LIVESCAN_ROLLED if n < 11 else Impression.LIVESCAN_PLAIN, 4, 2, 500,
        "NONE", bytes([28, 29, 30, 31, 0, 127, 255, n]),
    )
    for n in range(1, 15)
    if n != 3
)  # fmt: skip
ANSWER = records.answer_to(
    BOOKING, tcn="ICN00000000000000001", dat="20101004", srf="N",
    text=ResponseText(RepositoryState.PENDING, ("9",), rap_sheet="NO CRIMINAL RECORD FOUND."),
)  # fmt: skip


def show(data: bytes) -> str:
    """Return bytes as lines: one a field, ``^`` before a second subfield, ``~`` between items, a blank one a record."""
    text = data.decode("latin-1")
    return text.replace("\x1c", "\n\n").replace("\x1d", "\n").replace("\x1e", "\n^").replace("\x1f", "~")


def test_the_text_of_a_booking_stays_as_it_is() -> None:
    data = records.build_car(BOOKING, IMAGES)
    transaction = records.read(data, strict=True)
    assert show(b"".join(r.raw for r in transaction.records[:2])) == GOLDEN_CAR
    first = transaction.records[2]
    assert show(first.raw[: -len(first.data) - 1]) == GOLDEN_TYPE_14
    assert hashlib.sha256(data).hexdigest() == GOLDEN_CAR_DIGEST
    assert hashlib.sha256(records.build_car(BOOKING, IMAGES, record_type=4)).hexdigest() == GOLDEN_TYPE_4_DIGEST


def test_an_answer_stays_as_it_is() -> None:
    assert show(records.build_sre(replace(ANSWER, ndr=("1",)))) == GOLDEN_SRE


def test_a_rejection_stays_as_it_is() -> None:
    broken = records.read(records.build_car(replace(BOOKING, eye="GREENISH", hgt=""), IMAGES, checked=False))
    answer = records.refusal_of(
        broken, records.validate(broken), tcn="ICN00000000000000002", dat="20101004", ori="FBICJIS00", dai="COSIB0000"
    )
    assert show(records.build_errt(answer)) == GOLDEN_ERRT


def test_query_and_answer_of_the_support_center_stay_as_they_are() -> None:
    query = Iaq("COSIB0000", BOOKING.tcn, "DET J Q PUBLIC", "3035550100", BOOKING.nam, BOOKING.dob, "F", "MM")
    assert query.to_bytes().decode() == GOLDEN_IAQ.replace("\n", "\r\n")
    answer = Iar(
        "VTICE0900", "COSIB0000", BOOKING.tcn, "2010-10-04T08:00:00.000Z", BOOKING.nam, BOOKING.dob,
        IarStatus.IN_PROCEEDINGS, "R SPECIALIST", "HEARING PENDING.", "8 USC 1229A",
    )  # fmt: skip
    assert answer.to_bytes().decode() == GOLDEN_IAR.replace("\n", "\r\n")


def test_an_ident_response_stays_as_it_is() -> None:
    response = IdentDataResponse(
        "IDR-1", "SEARCH-1", RepositoryState.PARTIAL, candidates_considered=2, shards_answered=3, shards_total=4
    )
    assert response.to_bytes().decode() == GOLDEN_IDENT


GOLDEN_CAR = """\
1.001:227
1.002:0300
1.003:1~14
^2~00
^14~01
^14~02
^14~03
^14~04
^14~05
^14~06
^14~07
^14~08
^14~09
^14~10
^14~11
^14~12
^14~13
1.004:CAR
1.005:20101004
1.006:4
1.007:FBICJIS00
1.008:COSIB0000
1.009:TCN-2010-0000001
1.011:19.69
1.012:19.69

2.001:269
2.002:00
2.005:Y
2.006:DET J Q PUBLIC
2.018:SAMPLESON,PERSON QUINCE
2.020:MM
2.022:19800229
2.024:F
2.025:W
2.027:509
2.029:160
2.031:BRO
2.032:BLK
2.045:20101004
2.047:20101003~5404 DRIVING UNDER INFLUENCE
^~THEFT, PETTY
2.073:CO0010000
2.084:03~XX
2.098:1
^9

"""
GOLDEN_TYPE_14 = """\
14.001:158
14.002:01
14.003:1
14.004:COSIB0000
14.005:20101004
14.006:4
14.007:2
14.008:1
14.009:500
14.010:500
14.011:NONE
14.012:8
14.013:1
14.999:"""
GOLDEN_SRE = """\
1.001:175
1.002:0300
1.003:1~1
^2~00
1.004:SRE
1.005:20101004
1.006:4
1.007:COSIB0000
1.008:FBICJIS00
1.009:ICN00000000000000001
1.010:TCN-2010-0000001
1.011:00.00
1.012:00.00

2.001:249
2.002:00
2.006:DET J Q PUBLIC
2.018:SAMPLESON,PERSON QUINCE
2.059:N
2.073:CO0010000
2.075:TENPRINT RESPONSE TEXT 1\r
IMMIGRATION RESULT: PENDING\r
PENDING REPOSITORIES: 9\r
RAP SHEET:\r
 NO CRIMINAL RECORD FOUND.\r
END OF RESPONSE TEXT
2.098:1

"""
GOLDEN_ERRT = """\
1.001:176
1.002:0300
1.003:1~1
^2~00
1.004:ERRT
1.005:20101004
1.006:4
1.007:COSIB0000
1.008:FBICJIS00
1.009:ICN00000000000000002
1.010:TCN-2010-0000001
1.011:00.00
1.012:00.00

2.001:161
2.002:00
2.060:E0001: the mandatory field HGT is missing; FIELD 2.027
^E0003: EYE must have 3 characters; FIELD 2.031; FOUND [GREENISH]
2.073:CO0010000

"""
GOLDEN_IAQ = """\
IAQ 1
ORI/COSIB0000
DRI/AX
REF/TCN-2010-0000001
PUR/C
ATN/DET J Q PUBLIC
PHN/3035550100
NAM/SAMPLESON,PERSON QUINCE
DOB/19800229
SEX/F
POB/MM
CUS/Y
OFF/0399
END
"""
GOLDEN_IAR = """\
IAR 1
ORI/VTICE0900
DRI/COSIB0000
REF/TCN-2010-0000001
DTM/2010-10-04T08:00:00.000Z
NAM/SAMPLESON,PERSON QUINCE
DOB/19800229
STA/in_proceedings
GRD/8 USC 1229A
SPC/R SPECIALIST
CAV/
 THIS IS NOT AN ARREST WARRANT AND NOT A DETAINER. IT REPORTS WHAT\x20
+RECORDS SAY; A NAMED OFFICER DECIDES.
TXT/
 HEARING PENDING.
END
"""
GOLDEN_CAR_DIGEST = "ba0ec3b2ba3bbb33890548f13202aaad856c3c8ca9ea0d0af17dc000aa5e0c4b"
GOLDEN_TYPE_4_DIGEST = "ad7d8a79bfd7f8e709b74a3a4f638422e40fa0f85b10b74e1ddef6ad32b11a5f"
GOLDEN_IDENT = (
    '{"a_number":"","candidates_considered":2,"encounter_id":"","examiner":"","fin":"","finding":"","form'
    'at":"tenprint-ident-data-response","like":"IXM-like; not the DHS IXM schema","names":[],"result":"pa'
    'rtial","shards_answered":3,"shards_total":4,"subject_id":"","tcn":"IDR-1","tcr":"SEARCH-1","text":""'
    ',"version":1}'
)
