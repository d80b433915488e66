"""Seeded damage to files: what a bad line, a bad program or a bad person does to a transaction or a template.

Most bytes of a transaction are pixels, which no reader of records looks at; so damage falls on the heads of records
nine times of ten.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_BYTES = 8 * 1024 * 1024
"""A mutated file never becomes longer."""
MAX_STEPS = 5
HEAD_BYTES = 500
"""Bytes at the beginning of a record in which nearly all fields lie."""
FLOOD = 20_000
"""Most separators or fields that one step repeats."""
SEPARATORS = b"\x1c\x1d\x1e\x1f"
NUMBERS = (b"0", b"1", b"9", b"-1", b"00", b"99", b"255", b"65536", b"4294967295", b"9" * 10, b"9" * 40, b"1e9", b"")
WORDS = (0, 1, 4, 5, 6, 17, 18, 23, 24, 26, 255, 256, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
SNIPPETS = (
    b"1.001:", b"1.003:1\x1f0", b"2.001:00009", b"14.999:", b"14.001:9\x1d", b"9.001:", b"99.001:7\x1c", b"\x1c\x1c",
    b"FMR\0 20\0", b"\xff\xfe\xfd", b"\xc3\x28", b"\xef\xbb\xbf", b"\0\0\0\x09\1", b"\r\n", b"%s%n", b"\xd9\xa3",
    b"\xc2\xb2",
)  # fmt: skip
"""Tags, broken UTF-8, digits that are not ASCII: what parsers stumble over."""
_FIELD_NUMBER = re.compile(rb"(?<=:)[0-9]{1,10}(?=[\x1c-\x1f])|(?<=[\x1e\x1f])[0-9]{1,4}(?=[\x1c-\x1f])")


@dataclass(frozen=True)
class Seed:
    """A file to damage.

    Args:
        name: path below the folder of samples.
        data: its bytes.
        cuts: where its records begin and where the last ends, ascending.
    """

    name: str
    data: bytes
    cuts: tuple[int, ...]


def mutate(seeds: Sequence[Seed], which: int, chance: random.Random) -> tuple[bytes, tuple[str, ...]]:
    """Return a damaged copy of a seed, and the names of what was done to it.

    Args:
        seeds: all of them; splicing takes parts of others.
        which: the one to damage.
        chance: all choices come from it.
    """
    seed = seeds[which]
    out = bytearray(seed.data)
    done = []
    for _ in range(min(chance.randint(1, MAX_STEPS), chance.randint(1, MAX_STEPS))):
        name = chance.choice(_NAMES)
        _STEPS[name](out, seed, seeds, chance)
        done.append(name)
        del out[MAX_BYTES:]
    return bytes(out), tuple(done)


def _place(out: bytearray, seed: Seed, chance: random.Random) -> int:
    """Return a position, mostly in the head of a record."""
    if chance.random() < 0.1:
        return chance.randint(0, len(out))
    return min(len(out), chance.choice(seed.cuts) + int(chance.random() ** 2 * HEAD_BYTES))


def _flip(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    for _bit in range(chance.randint(1, 8)):
        place = _place(out, seed, chance)
        if place < len(out):
            out[place] ^= 1 << chance.randrange(8)


def _truncate(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    place = _place(out, seed, chance)
    if chance.random() < 0.5:
        del out[place:]
    else:
        del out[place : place + chance.choice((1, 2, 5, 100, 10_000))]


def _splice(out: bytearray, seed: Seed, seeds: Sequence[Seed], chance: random.Random) -> None:
    other = chance.choice(seeds)
    start = _place(bytearray(other.data), other, chance) if len(other.data) < FLOOD else chance.choice(other.cuts)
    place = _place(out, seed, chance)
    replaced = chance.choice((0, 0, 10, 1000))
    out[place : place + replaced] = other.data[start : start + chance.choice((4, 50, 1000, 50_000))]


def _length(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    """Change a number that others depend on: LEN, CNT, an IDC, a size; or four bytes of a binary header."""
    start = min(len(out), chance.choice(seed.cuts))
    if chance.random() < 0.5:
        found = list(_FIELD_NUMBER.finditer(out, start, min(len(out), start + 4 * HEAD_BYTES)))
        if found:
            chosen = chance.choice(found)
            near = b"%d" % max(0, int(chosen[0]) + chance.choice((-1, 1, 2, -10)))
            out[chosen.start() : chosen.end()] = chance.choice((*NUMBERS, near))
        return
    place = start + chance.choice((0, 4, 8, 10, 12, 14, 18, 20, 22, 24, 26, 27))
    width = chance.choice((1, 2, 4))
    word = chance.choice((*WORDS, chance.getrandbits(32)))
    out[place : place + width] = (word & ((1 << 8 * width) - 1)).to_bytes(width, "big")


def _separate(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    place = _place(out, seed, chance)
    found = [at for at in (out.find(bytes([s]), place) for s in SEPARATORS) if at >= 0]
    if found and chance.random() < 0.6:
        at = min(found)
        out[at : at + 1] = bytes([chance.choice(SEPARATORS)] * chance.randint(0, 2))
    else:
        out[place:place] = bytes(chance.choice(SEPARATORS) for _ in range(chance.randint(1, 20)))


def _flood(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    """Repeat a separator or a snippet very often: what costs a reader most."""
    piece = chance.choice((*(bytes([s]) for s in SEPARATORS), b"\x1e1\x1f1", b"\x1d2.018:A", chance.choice(SNIPPETS)))
    place = _place(out, seed, chance)
    out[place:place] = piece * chance.choice((2, 100, FLOOD // 10, FLOOD))


def _repeat(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    """Write a record, or a field, twice, or take it away, or move it."""
    if len(seed.cuts) > 2 and chance.random() < 0.6:
        number = chance.randrange(len(seed.cuts) - 1)
        piece = seed.data[seed.cuts[number] : seed.cuts[number + 1]]
        place = min(len(out), chance.choice(seed.cuts))
    else:
        start = _place(out, seed, chance)
        stop = out.find(b"\x1d", start)
        piece = bytes(out[start : stop + 1 if stop >= 0 else start + 20])
        place = start
    if chance.random() < 0.3:
        del out[place : place + len(piece)]
    else:
        out[place:place] = piece[: MAX_BYTES // 4] * chance.choice((1, 1, 1, 2))


def _insert(out: bytearray, seed: Seed, _: Sequence[Seed], chance: random.Random) -> None:
    place = _place(out, seed, chance)
    out[place : place + chance.choice((0, 0, 1, 6))] = chance.choice((*SNIPPETS, chance.randbytes(8), *NUMBERS))


_STEPS: dict[str, Callable[[bytearray, Seed, Sequence[Seed], random.Random], None]] = {
    "bit flips": _flip,
    "truncation": _truncate,
    "splice": _splice,
    "length field": _length,
    "separators": _separate,
    "flood": _flood,
    "repeated record": _repeat,
    "snippet": _insert,
}
_NAMES = ("bit flips",) * 3 + ("truncation",) * 2 + ("splice",) * 2 + ("length field",) * 4 + ("separators",) * 3 + (
    "flood", "repeated record", "repeated record", "snippet", "snippet", "snippet",
)  # fmt: skip
