"""A booking as EBTS 8.001 carries it (CAR, CNA), both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition
from tenprint.records.itl.impressions import EncodedImage
from tenprint.records.itl.reader import read
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import SUBMISSIONS, refuse_unless_valid, version_written
from tenprint.records.itl.writer import FieldValue, FingerRecord, TaggedRecord, finger_record, write

ROUTINE_CRIMINAL, LOWEST_PRIORITY = 4, 9
RESOLUTIONS = {500: "19.69", 1000: "39.37"}
"""NSR and NTR, pixels per millimetre, by ppi."""
NO_RESOLUTION = "00.00"


@dataclass(frozen=True, repr=False)
class Booking:
    """Who was arrested, for what, by whom; field names are EBTS mnemonics, ``""`` or ``()`` for absent.

    Args:
        tot: CAR (answer wanted) or CNA.
        tcn, tcr, ori, dai, pry, dat: Type-1; `pry` 1 to 9 or ``""``, `dat` YYYYMMDD, local date of the sender.
        nam: ``SURNAME,GIVEN MIDDLE``, at most 30 characters; aka: the same, at most 10.
        pob, ctz: NCIC place codes, 2 letters. dob, doa: YYYYMMDD; `dob` ``00000000`` when unknown.
        sex, rac, eye, hai: codes of Appendix C. hgt: ``509`` is 5 feet 9 inches. wgt: pounds, 3 digits.
        charges: (date of offense or ``""``, literal), the literal free text such as ``5404 DRIVING UNDER INFLUENCE``.
        ret: Y to keep the prints in the criminal file. ndr: repositories asked for. rap: Y to get a rap sheet.
        cri: controlling agencies, the first one booked. sco: who else gets the answers.
        atn, oca: echoed. sid, fbi, mnu: numbers known, `mnu` such as ``AR-…``.
        amp: (finger position 1 to 10, ``XX`` or ``UP``) for each finger without image. taa: Y for a juvenile as adult.
    """

    nam: str = ""
    pob: str = ""
    dob: str = ""
    sex: str = ""
    rac: str = ""
    hgt: str = ""
    wgt: str = ""
    eye: str = ""
    hai: str = ""
    doa: str = ""
    charges: tuple[tuple[str, str], ...] = ()
    ret: str = "Y"
    cri: tuple[str, ...] = ()
    tcn: str = ""
    ori: str = ""
    dai: str = ""
    dat: str = ""
    tot: str = "CAR"
    pry: str = str(ROUTINE_CRIMINAL)
    tcr: str = ""
    aka: tuple[str, ...] = ()
    ctz: str = ""
    sco: tuple[str, ...] = ()
    atn: str = ""
    oca: str = ""
    sid: str = ""
    fbi: tuple[str, ...] = ()
    mnu: tuple[str, ...] = ()
    ndr: tuple[str, ...] = ()
    amp: tuple[tuple[int, str], ...] = ()
    rap: str = ""
    taa: str = ""

    def __repr__(self) -> str:
        return f"Booking(tot={self.tot!r}, ori={self.ori!r}, tcn={self.tcn!r})"


SINGLE_FIELDS = {
    5: "ret", 6: "atn", 9: "oca", 15: "sid", 18: "nam", 20: "pob", 21: "ctz", 22: "dob", 24: "sex", 25: "rac",
    27: "hgt", 29: "wgt", 31: "eye", 32: "hai", 45: "doa", 70: "rap", 87: "taa",
}  # fmt: skip
REPEATED_FIELDS = {7: "sco", 14: "fbi", 17: "mnu", 19: "aka", 73: "cri", 98: "ndr"}


def build_car(
    booking: Booking, images: Sequence[EncodedImage], *, record_type: int = 14, checked: bool = True
) -> bytes:
    """Write a criminal ten-print submission (EBTS 8.001 section 3.1.1.1-2).

    Args:
        booking: who and what; `booking.tot` says CAR or CNA.
        images: ten fingers and four plain sets, in the order in which they are to stand; their IDCs are set here.
        record_type: 14 or 4 for the images.
        checked: also refuse what a receiver would reject; False writes it (tests of the other side need that).

    Raises:
        RecordError: the code and field of what is wrong; ``L0006`` for images that the record type cannot hold.
    """
    if booking.tot not in SUBMISSIONS or record_type not in (4, 14):
        raise RecordError("A0004", "a booking is a CAR or CNA with Type-4 or Type-14 images", field="1.004")
    resolutions = {i.ppi for i in images}
    if record_type == 4 and (len(resolutions) > 1 or not resolutions <= set(RESOLUTIONS)):
        raise RecordError("L0006", "Type-4 images must all have 500 or all 1000 ppi", field="1.011")
    resolution = RESOLUTIONS.get(min(resolutions, default=0), NO_RESOLUTION)
    second = TaggedRecord(2, booking_fields(booking))
    pictures: list[TaggedRecord | FingerRecord] = [
        FingerRecord(i) if record_type == 4 else finger_record(i, booking.ori, booking.doa) for i in images
    ]
    header = type_1_fields(booking, resolution)
    data = write(header, [second, *pictures])
    if checked:
        refuse_unless_valid(read(data))
    return data


def type_1_fields(message: Booking, resolution: str) -> dict[int, FieldValue]:
    """Return the fields of Type-1 by number, absent ones left out."""
    fields = {
        2: version_written(), 4: message.tot, 5: message.dat, 6: message.pry, 7: message.dai, 8: message.ori,
        9: message.tcn, 10: message.tcr, 11: resolution, 12: resolution,
    }  # fmt: skip
    return {number: text for number, text in fields.items() if text}


def booking_fields(booking: Booking) -> dict[int, FieldValue]:
    """Return the fields of Type-2 by number, absent ones left out."""
    fields: dict[int, FieldValue] = {n: v for n, name in SINGLE_FIELDS.items() if (v := getattr(booking, name))}
    fields |= {n: [[item] for item in v] for n, name in REPEATED_FIELDS.items() if (v := getattr(booking, name))}
    if booking.charges:
        fields[47] = [list(charge) for charge in booking.charges]
    if booking.amp:
        fields[84] = [[f"{position:02d}", reason] for position, reason in booking.amp]
    return fields


def read_booking(transaction: Transaction) -> Booking:
    """Return the booking in a transaction, leniently: what is missing or unreadable is empty. See `validate`."""
    header = {
        "tot": transaction.tot, "tcn": transaction.tcn, "tcr": transaction.tcr, "ori": transaction.ori,
        "dai": transaction.dai, "pry": transaction.pry, "dat": transaction.get("1.005"),
    }  # fmt: skip
    second = transaction.first(2)
    if second is None:
        return Booking(ret="", **header)  # type: ignore[arg-type]
    texts = {name: next(iter(second.occurrences(f"2.{n:03d}")), "") for n, name in SINGLE_FIELDS.items()}
    lists = {name: second.occurrences(f"2.{n:03d}") for n, name in REPEATED_FIELDS.items()}
    charges = tuple((c[0], c[1]) if len(c) > 1 else ("", c[0]) for c in second.items("2.047") if any(c))
    groups = [g for g in second.items("2.084") if len(g) > 1 and g[0].isascii() and g[0].isdecimal()]
    amp = tuple((int(g[0][:2]), g[1]) for g in groups)
    return Booking(**header, **texts, **lists, charges=charges, amp=amp)  # type: ignore[arg-type]


def priority_of(transaction: Transaction) -> int:
    """Return the priority, 1 (highest) to 9.

    A missing or unreadable PRY means 9 by Appendix B, but Appendix A lists CAR and CNA as level 4: these get 4.
    """
    stated = transaction.pry.strip()
    if len(stated) == 1 and stated in "123456789":
        return int(stated)
    return ROUTINE_CRIMINAL if transaction.tot in SUBMISSIONS else LOWEST_PRIORITY


def missing_fingers(booking: Booking) -> frozenset[FingerPosition]:
    """Return the finger positions that AMP explains."""
    return frozenset(FingerPosition(n) for n, _ in booking.amp if 1 <= n <= 10)
