"""What an importer could not know, guessed, or left out: each thing said once, however often it happened."""

from __future__ import annotations

from typing import NoReturn

from engine.errors import OperatorError, Problem
from engine.plan.importers.words import some


class Notes:
    """Warnings of one import, gathered by what is to be said."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._places: dict[tuple[str, str], list[str]] = {}

    def say(self, place: str, reason: str, fix: str = "") -> None:
        """A warning. The same reason at other places is added to it."""
        self._places.setdefault((reason, fix), []).append(place)

    @property
    def problems(self) -> list[Problem]:
        """One for each thing said, with the first of its places."""
        return [
            Problem(self.file, some(dict.fromkeys(places), 3), reason, fix)
            for (reason, fix), places in self._places.items()
        ]

    def refuse(self, place: str, reason: str, fix: str = "") -> NoReturn:
        """Ends the import. Raises OperatorError with this one problem."""
        raise OperatorError([Problem(self.file, place, reason, fix)])
