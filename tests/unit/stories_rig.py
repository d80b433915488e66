"""The stories on the rig's network: cards are words, nothing is rendered, and real time is moved by the test."""

from __future__ import annotations

from console_rig import Time
from exchange_rig import Rig, card

from tenprint.core.errors import EngineError
from tenprint.records import read
from tenprint.studies.cards import StoryCards
from tenprint.studies.director import Director, Seat
from tenprint.studies.stage import Stage
from tenprint.studies.story_file import Story, load_others, load_stories
from tenprint.studies.troupe import Troupe

STORIES = {story.name: story for story in load_stories()}


class WordShop:
    """Cards whose images are words; `missing` are still to be made, `broken` never can be."""

    def __init__(self, missing: tuple[int, ...] = (), broken: tuple[int, ...] = ()) -> None:
        self.missing, self.broken = set(missing), set(broken)
        self.made_now: list[int] = []

    def kept(self, fingers: int) -> StoryCards | None:
        return None if fingers in self.missing | self.broken else words(fingers)

    def made(self, fingers: int, *, at_once: bool = True) -> StoryCards:
        if fingers in self.broken:
            raise EngineError("CARD_NOT_MADE", "the process that renders a card ended")
        self.made_now.append(fingers)
        self.missing.discard(fingers)
        return words(fingers)


def words(fingers: int) -> StoryCards:
    data = card(f"S{fingers}")
    return StoryCards(data, tuple(read(data).images()))


def cards_of(story: Story) -> StoryCards:
    return words(story.person.fingers)


def stage_of(rig: Rig) -> Stage:
    return Stage({node.party.id: node for node in rig.all}, rig.clock, rig.run)


def troupe_of(rig: Rig) -> Troupe:
    return Troupe(stage_of(rig), load_others())


def director_of(rig: Rig, shop: WordShop | None = None, *names: str, time: Time | None = None) -> Director:
    """Return a director of some of the stories (all without `names`), in a pace of no time."""
    told = [STORIES[name] for name in names] or list(STORIES.values())
    return Director(stage_of(rig), told, shop or WordShop(), others=load_others(), seconds=time or Time(), pace=0)


def seated(director: Director, *seats: Seat) -> None:
    """Let people sit at desks, as the console tells the director."""
    director.take_place(director._alone, lambda: seats)
