"""States that another version of the program saved: converted step by step, or said why they cannot be.

While a cluster is upgraded node by node two versions run side by side. A newer one reads what an older one saved, as
long as `CONVERSIONS` has every step between them; an older one reads nothing newer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.runtime.stored.packing import VERSION

Tree = dict[str, Any]
FIRST = 6
"""Of states that do not say of which version they are: no other was ever released that did not."""

CONVERSIONS: Mapping[int, Callable[[Tree], Tree]] = {6: lambda tree: tree}  # packed otherwise, the same in it
"""From a state of each version to one of the next: whoever raises VERSION adds one here, or says in the release notes
that tracks and open visits start anew."""


class OtherLayout(ValueError):
    """A state that cannot be read here; the sentence says why, and what helps."""


def of_present(
    tree: Tree, layout: str, conversions: Mapping[int, Callable[[Tree], Tree]] = CONVERSIONS, present: int = VERSION
) -> Tree:
    """The state as the present version would have saved it, of the floor plan and grid that `layout` names. Raises
    OtherLayout."""
    saved = version = int(tree.get("version", FIRST))
    if version > present:
        raise OtherLayout(f"a newer program saved its state (layout {saved}, here {present}): upgrade this one too")
    while version < present:
        if version not in conversions:
            raise OtherLayout(f"its state has layout {saved}, which nothing makes one of layout {present}")
        tree = conversions[version](tree)
        version += 1
    if tree["layout"] != layout:
        raise OtherLayout("the floor plan or its grid changed")
    return tree
