"""What a checkpoint holds beside a store's own state: nothing, where a journal has what the broker may forget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Beside:
    """Nothing."""

    def state(self) -> dict[str, Any]:
        """For the checkpoint's tree, under names of its own."""
        return {}

    def restore(self, tree: Mapping[str, Any]) -> None:
        """Takes over what a checkpoint's tree has of it. One of another version may have nothing."""
