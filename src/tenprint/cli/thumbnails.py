"""Small pictures in a terminal: by the protocol that the terminal says it has, else in half blocks.

A terminal is believed by its environment alone, never asked: a question to a terminal that does not know it leaves
letters on the screen. Inside tmux and screen the protocols do not get through.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from rich.text import Text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

COLUMNS, ROWS = 32, 16
"""Cells that a thumbnail takes at most; a cell is about twice as high as wide."""
GRAPHIC_SIDE = 192
"""Pixels a side of a thumbnail that is sent as an image."""
KITTY_CHUNK = 4096
SIXEL_LEVELS = 16
UPPER_HALF = "\u2580"


class Way(StrEnum):
    """How a terminal shows pictures."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"
    BLOCKS = "blocks"


def way_of(environment: Mapping[str, str]) -> Way:
    """Return how the terminal that these variables describe shows pictures."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("screen", "tmux")):
        return Way.BLOCKS
    if environment.get("KITTY_WINDOW_ID") or term == "xterm-kitty" or program == "ghostty":
        return Way.KITTY
    if program in ("iTerm.app", "WezTerm"):
        return Way.ITERM
    if "sixel" in term or term in ("mlterm", "foot", "foot-extra") or program == "mintty":
        return Way.SIXEL
    return Way.BLOCKS


def reduced(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return an image of at most this size, shape (height, width), gray: means of blocks, proportions kept."""
    import numpy as np

    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    scale = min(1.0, width / gray.shape[1], height / gray.shape[0])
    rows, columns = max(1, round(gray.shape[0] * scale)), max(1, round(gray.shape[1] * scale))
    below = np.linspace(0, gray.shape[0], rows, endpoint=False).astype(int)
    beside = np.linspace(0, gray.shape[1], columns, endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(gray.astype(np.float64), below, axis=0), beside, axis=1)
    areas = np.outer(np.diff([*below, gray.shape[0]]), np.diff([*beside, gray.shape[1]]))
    small: Pixels = (sums / areas).round().astype(np.uint8)
    return small


def half_blocks(pixels: Pixels) -> Iterator[Text]:
    """Yield the lines of a thumbnail: each character shows two pixels, one above the other."""
    import numpy as np

    small = reduced(pixels, COLUMNS, 2 * ROWS)
    if small.shape[0] % 2:
        small = np.vstack([small, small[-1:]])
    for above, under in zip(small[::2].tolist(), small[1::2].tolist(), strict=True):
        line = Text()
        for top, bottom in zip(above, under, strict=True):
            style = Style(color=Color.from_rgb(top, top, top), bgcolor=Color.from_rgb(bottom, bottom, bottom))
            line.append(UPPER_HALF, style)
        yield line


def graphic(pixels: Pixels, way: Way) -> str:
    """Return what shows a thumbnail by the protocol of Kitty, iTerm or Sixel."""
    from tenprint.records.images.pictures import png_of

    small = reduced(pixels, GRAPHIC_SIDE, GRAPHIC_SIDE)
    if way is Way.SIXEL:
        return _sixel(small)
    data = base64.b64encode(png_of(small)).decode("ascii")
    if way is Way.ITERM:
        return f"\x1b]1337;File=inline=1;width={COLUMNS};preserveAspectRatio=1:{data}\a\n"
    chunks = [data[n : n + KITTY_CHUNK] for n in range(0, len(data), KITTY_CHUNK)]
    heads = ["a=T,f=100," if not n else "" for n in range(len(chunks))]
    ends = [0 if n == len(chunks) - 1 else 1 for n in range(len(chunks))]
    return "".join(f"\x1b_G{h}m={m};{c}\x1b\\" for h, m, c in zip(heads, ends, chunks, strict=True)) + "\n"


def _sixel(small: Pixels) -> str:
    """Return an image in Sixel, in 16 levels of gray: bands of six rows, one level after the other."""
    import numpy as np

    levels = (small.astype(np.uint16) * SIXEL_LEVELS // 256).astype(np.uint8)
    height, width = levels.shape
    shades = "".join(f"#{n};2;{s};{s};{s}" for n in range(SIXEL_LEVELS) for s in [n * 100 // (SIXEL_LEVELS - 1)])
    bands = []
    for top in range(0, height, 6):
        band = levels[top : top + 6]
        weights = (1 << np.arange(band.shape[0], dtype=np.uint8))[:, None]
        lines = (
            f"#{level}" + "".join(chr(63 + int(bits)) for bits in ((band == level) * weights).sum(axis=0))
            for level in np.unique(band).tolist()
        )
        bands.append("$".join(lines))
    return f'\x1bPq"1;1;{width};{height}{shades}' + "-".join(bands) + "\x1b\\\n"
