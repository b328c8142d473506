"""Devices in a journal by number: a name is written once, not with every batch that the phone is in.

A pseudonym is eight random bytes that nothing shrinks, and a phone is heard every second. So the journal's rows share a
book of names, begun anew every ROWS_A_BOOK rows and at each checkpoint. A row holds the names that came with it and
where in the book they stand; one that is lost costs the readings of the phones that it named, until the next book.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from engine.records import U64

ROWS_A_BOOK = 16
_UNKNOWN = -1


class NameBook:
    """The writer's. What a row adds is learnt once the row is written: a write that failed is tried with the same."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new book: the rows before are not needed to read what comes."""
        self._id = int.from_bytes(os.urandom(7), "big")
        self._numbers: dict[int, int] = {}
        self._rows = 0

    def page(self, devices: U64) -> BookPage:
        """What a row that tells of these devices has to hold; with the first of each ROWS_A_BOOK a new book begins."""
        if self._rows >= ROWS_A_BOOK:
            self.begin()
        new = [name for name in np.unique(devices).tolist() if name not in self._numbers]
        return BookPage(self._id, len(self._numbers), np.array(new, np.uint64), self._numbers)

    def learn(self, page: BookPage) -> None:
        """The row is written."""
        self._rows += 1
        self._numbers |= {name: page.begins_at + i for i, name in enumerate(page.names.tolist())}


class BookPage:
    """The names that one row adds, from number `begins_at` on."""

    def __init__(self, book: int, begins_at: int, names: U64, known: dict[int, int]) -> None:
        self.book, self.begins_at, self.names = book, begins_at, names
        self._known = known

    def numbers(self, devices: U64) -> Any:
        """Each device's number in the book (n,)."""
        names, at = np.unique(devices, return_inverse=True)
        new = {name: self.begins_at + i for i, name in enumerate(self.names.tolist())}
        numbers = [self._known.get(name, new.get(name, _UNKNOWN)) for name in names.tolist()]
        return np.array(numbers, np.int64)[at]

    def as_tree(self) -> dict[str, Any]:
        """For the row."""
        return {"id": self.book, "from": self.begins_at, "names": self.names}


class ReadBook:
    """The reader's: rows in their order, with holes where one is lost."""

    def __init__(self) -> None:
        self._id: int | None = None
        self._names = np.empty(0, np.uint64)
        self._known = np.empty(0, np.bool_)

    def turn(self, tree: dict[str, Any]) -> None:
        """Takes in what a row adds."""
        if tree["id"] != self._id:
            self._id, self._names, self._known = tree["id"], np.empty(0, np.uint64), np.empty(0, np.bool_)
        begins_at, names = int(tree["from"]), tree["names"]
        size = max(begins_at + len(names), len(self._names))
        grown, known = np.zeros(size, np.uint64), np.zeros(size, np.bool_)
        grown[: len(self._names)], known[: len(self._known)] = self._names, self._known
        grown[begins_at : begins_at + len(names)], known[begins_at : begins_at + len(names)] = names, True
        self._names, self._known = grown, known

    def names(self, numbers: Any) -> tuple[U64, Any]:
        """(names, known) of these numbers, each (n,); a name that is not known is 0."""
        at = np.asarray(numbers, np.int64)
        there = at < len(self._names)
        safe = np.where(there, at, 0)
        if not len(self._names):
            return np.zeros(len(at), np.uint64), np.zeros(len(at), np.bool_)
        known = there & self._known[safe]
        return np.where(known, self._names[safe], 0).astype(np.uint64), known
