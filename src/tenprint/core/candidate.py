"""What a search returns: candidates for a person to examine, and how much of the gallery was searched."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenprint.core.fingers import FingerPosition


@dataclass(frozen=True)
class Candidate:
    """One enrolled subject, ranked by similarity. Never a decision.

    Args:
        subject_id: the gallery's own identifier.
        rank: 1 is the most similar.
        score: fused similarity over fingers, higher is more alike (milli-units, an integer, so that ledgers hold it).
        fingers: similarity per finger position, same unit.
    """

    subject_id: str
    rank: int
    score: int
    fingers: dict[FingerPosition, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchResult:
    """A search's candidates and its coverage (ARCHITECTURE section 7, Gallery).

    Args:
        candidates: by rank, at most the limit asked for.
        subjects_searched: enrolled subjects of the shards that answered who have a finger in common with the probe.
            Everybody among them was looked at; only the most likely were compared in full (`engine.gallery.search`).
        shards_answered, shards_total: coverage; fewer answered than total means a partial answer.
        subjects_without_common_finger: enrolled subjects of the shards that answered who could not be compared at all:
            they have no finger in common with the probe. Nobody can say that they are somebody else.
    """

    candidates: tuple[Candidate, ...]
    subjects_searched: int
    shards_answered: int = 1
    shards_total: int = 1
    subjects_without_common_finger: int = 0

    @property
    def is_complete(self) -> bool:
        """Tell whether every shard answered and everybody in them could be compared: only then is nobody a "no"."""
        return self.shards_answered == self.shards_total and not self.subjects_without_common_finger
