"""A rig whose parties are watched: metrics are counted, and the log is written."""

from __future__ import annotations

from dataclasses import replace

from exchange_rig import Rig

from tenprint.bootstrap import Watch


def watched(rig: Rig) -> Watch:
    """Let a watch hear what happens at all parties of a rig from now on."""
    watch = Watch()
    for role, node in list(rig.nodes.items()):
        rig.nodes[role] = replace(node, observe=watch)
    rig.post.connect(rig.all)
    watch.begin(rig.all)
    return watch
