"""Bookings whose images can be shown: their pixels spell the word by which the rig's matcher knows them."""

from dataclasses import replace

from exchange_rig import BOOKING, Rig

from tenprint import records
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role, TaskKind

EXAMINERS = Role.IMMIGRATION_REPOSITORY
SIDE = 200
"""Pixels; the rig's templates are as large."""
ALL_IDENTIFIED = {f"finger_{n}": "identification" for n in range(1, 11)}
STRIPES = b" " * SIDE * 5 + b"~" * SIDE * 5


def image_of(person: str, finger: int, *, is_broken: bool = False) -> records.EncodedImage:
    """Return an uncompressed image with stripes; the size that a broken one states is wrong."""
    data = (f"{person}/{finger}".encode().ljust(SIDE * 5) + STRIPES * SIDE)[: SIDE * SIDE]
    position, kind = FingerPosition(finger), Impression.LIVESCAN_ROLLED if finger <= 10 else Impression.LIVESCAN_PLAIN
    return records.EncodedImage(0, 14, position, kind, SIDE * 2 if is_broken else SIDE, SIDE, 500, "NONE", data)


def seen_card(person: str, *, broken: int = 0, **changes: object) -> bytes:
    """Return a person's card, with one finger that cannot be decoded if that is wanted."""
    images = [image_of(person, n, is_broken=n == broken) for n in range(1, 15)]
    return records.build_car(replace(BOOKING, **changes), images)


def examined(rig: Rig, *subjects: str, person: str = "P7", broken: int = 0) -> tuple[str, str]:
    """Enrol a person under these numbers, book them, and return case and address of the examination."""
    for subject in subjects or ("FIN-P7",):
        dispatch.enrol(rig.nodes[EXAMINERS], subject, seen_card(person, tcn=f"TCN-2009-{subject}"))
    case_id = rig.book(seen_card(person, broken=broken))
    return case_id, f"/tasks/{rig.task(EXAMINERS, TaskKind.EXAMINE, case_id).id}"
