"""k-anonymity of statistics: no figure leaves memory before k people stand behind it.

**The method.** Counts are not cleaned when somebody reads them, they are held back when they are made. What devices add
to a figure (heat, a zone's visits, a transition between zones) waits in a *block*. A block is let out only when at
least k distinct devices have added to it; until then it goes on growing, over more minutes and hours and, for heat,
over a larger piece of floor. Once let out it never changes, and the next block of the figure begins where it ended.

**Why no difference of two reports says anything about fewer than k.** Blocks of one figure do not overlap and cover all
of its time and floor, and neither period nor zone that anybody asks for has a part in how they are cut. Within a block
only its sum is kept: it is laid evenly over the block's hours (and over its floor), so that all rows of the database
are functions of block sums. Whatever is computed of them, by us or by anybody with all reports of all periods, or with
the database itself, is a function of sums that k people stand behind. Two periods, two zones, a zone and its store
differ by parts of blocks; a part of a block is a share of its sum, laid down by clock and plan, and says nothing of
who was in it. Blocks end at times of the clock only (and begin where the last one ended), so that their borders do not
say when somebody came.

**Why no sum of figures does either.** Counts of what people did (visits, transitions, coupons) are let out in whole ks
and laid over hours in whole ks; what is left is carried into the next block. So every row is a multiple of k, and with
them every sum over zones, pairs, hours and campaigns, and every difference of two such sums, of one figure or of
several: of a zone's visits less its ways in, or coupons issued less coupons used, nothing is left that is more than
nobody and fewer than k (the controlled rounding of Cox 1987, "A constructive procedure for unbiased controlled
rounding", with the remainder kept instead of drawn).

**Distinct people across nights.** A phone without consent has another pseudonym after the salt has turned. Whoever adds
to a block before and after might be counted twice, so that of a block's days only the one with most devices counts.

Floor is cut as by Mondrian (LeFevre, DeWitt and Ramakrishnan 2006, "Mondrian multidimensional k-anonymity"): a piece is
halved at the median of its people's places, as long as k distinct people stand behind either half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.records import F64, I64, U64, Bools


@dataclass
class BlockPeople:
    """The devices behind a block, by the part of it they were in. Each is (salt, device), `salt` counting the salts up.

    For figures that are no floor: a zone with the zones within it, a pair of zones.
    """

    parts: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    salt: int = 0

    def add(self, part: str, device: int) -> None:
        """The device was in this part."""
        self.parts.setdefault(part, set()).add((self.salt, device))

    def hides(self, whole: str, inner: Iterable[str], k: int) -> bool:
        """Whether k people were in `whole`, and k or nobody in it but not in one of its inner parts, or in none."""
        everybody, within = self.parts.get(whole, set()), [self.parts[part] for part in inner if part in self.parts]
        rests = [everybody - part for part in (*within, set().union(*within))]
        return _people(everybody) >= k and all(not rest or _people(rest) >= k for rest in rests if within)

    def hides_rest(self, part: str, whole: str, k: int) -> bool:
        """Whether whoever was in `whole` and not in its `part` is nobody, or k people."""
        rest = self.parts.get(whole, set()) - self.parts.get(part, set())
        return not rest or _people(rest) >= k

    def thin(self, whole: str, part: str) -> None:
        """Keeps, of those in `whole` and not in `part`, the salt with most: the others hide nobody any more."""
        rest = self.parts.get(whole, set()) - self.parts.get(part, set())
        if rest:
            [(most, _)] = Counter(salt for salt, _ in rest).most_common(1)
            self.parts[whole] = {who for who in rest if who[0] == most}

    def forget(self, devices: Collection[int]) -> None:
        """Of the running salt's devices these are behind nothing any more."""
        self.parts = {
            part: {who for who in seen if who[0] != self.salt or who[1] not in devices}
            for part, seen in self.parts.items()
        }

    def turn(self) -> None:
        """The salt turns: devices become numbers 0, 1, … that lead to no pseudonym; a new salt's count begins."""
        everybody = sorted(set().union(*self.parts.values()))
        number = {who: (who[0], i) for i, who in enumerate(everybody)}
        self.parts = {part: {number[who] for who in seen} for part, seen in self.parts.items()}
        self.salt += 1


def _people(seen: set[tuple[int, int]]) -> int:
    """How many people at least: the distinct devices of the salt with most."""
    return max(Counter(salt for salt, _ in seen).values(), default=0)


@dataclass(frozen=True, slots=True)
class Presences:
    """Who was where in a block, each pair of device and square once: arrays (n,). `salt` counts the salts up."""

    device: U64
    square: I64
    salt: I64

    @staticmethod
    def none() -> Presences:
        """Nobody was anywhere."""
        return Presences(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))

    def join(self, device: U64, square: I64) -> Presences:
        """With those of the running salt, (m,) each, added; a pair that is known already is left out."""
        salt = np.full(device.shape, self.salt.max(initial=0))
        columns = ((self.device, device), (self.square, square), (self.salt, salt))
        merged = [np.concatenate(pair) for pair in columns]
        order = np.lexsort(merged)
        device, square, salt = (column[order] for column in merged)
        new = np.ones(order.shape, np.bool_)
        new[1:] = (np.diff(square) != 0) | (np.diff(salt) != 0) | (device[1:] != device[:-1])
        return Presences(device[new], square[new], salt[new])

    def without(self, devices: U64) -> Presences:
        """Those of other devices than these (m,) of the running salt."""
        kept = ~np.isin(self.device, devices) | (self.salt != self.salt.max(initial=0)) | (self.square < 0)
        return Presences(self.device[kept], self.square[kept], self.salt[kept])

    def turn(self) -> Presences:
        """The salt turns: devices become numbers 0, 1, … that lead to no pseudonym; a new salt's count begins."""
        if not self.device.size:
            return self
        numbers = np.unique(self.device, return_inverse=True)[1].astype(np.uint64)
        mark = np.array([-1], np.int64)  # a row that nobody is in carries the new salt's number
        return Presences(
            np.append(numbers.ravel(), np.uint64(0)),
            np.append(self.square, mark),
            np.append(self.salt, self.salt.max() + 1),
        )

    def people(self, rows: I64 | None = None) -> int:
        """How many people at least these rows (all, when left out) are: distinct devices of the salt with most."""
        device, salt, square = self.device, self.salt, self.square
        if rows is not None:
            device, salt, square = device[rows], salt[rows], square[rows]
        real = square >= 0
        if not real.any():
            return 0
        pairs = np.unique(np.stack([salt[real].astype(np.uint64), device[real]]), axis=1)
        return int(np.bincount(pairs[0].astype(np.int64)).max())


def cut_floor(presences: Presences, places: Sequence[I64], floor: Bools, k: int) -> list[I64]:
    """The squares of a store in pieces with at least k people each: one piece with all of them where that fails.

    `places` gives the level, row and column of each square, (S,) each; only squares with any `floor` are handed out.
    """
    pieces: list[I64] = []
    waiting = [(np.flatnonzero(presences.square >= 0), np.flatnonzero(floor))]
    while waiting:
        rows, squares = waiting.pop()
        halves = _halve(presences, rows, squares, places, k)
        if halves is None:
            pieces.append(squares)
        else:
            waiting += halves
    return pieces


def _halve(
    presences: Presences, rows: I64, squares: I64, places: Sequence[I64], k: int
) -> list[tuple[I64, I64]] | None:
    """Both halves of a piece, across its longest side where that goes; None where it cannot be halved."""
    stood = presences.square[rows]
    extents = [int(np.ptp(at[squares])) if squares.size else 0 for at in places]
    for axis in sorted(range(len(places)), key=lambda a: (a != 0, -extents[a])):  # a storey is a border of its own
        at, here = places[axis][stood], places[axis][squares]
        if not extents[axis] or not at.size:
            continue
        cut = float(np.median(at))
        cut = cut if (at > cut).any() else cut - 0.5
        low, low_floor = at <= cut, here <= cut
        halves = [(rows[low], squares[low_floor]), (rows[~low], squares[~low_floor])]
        if all(floor.size and presences.people(who) >= k for who, floor in halves):
            return halves
    return None


def lay_out(n: int, shares: Sequence[float]) -> list[int]:
    """A whole number laid out by shares, the sum kept: each part is the rounded running total less the one before."""
    totals = np.rint(n * np.cumsum(np.asarray(shares, np.float64))).astype(np.int64)
    totals[-1:] = n
    return [int(n) for n in np.diff(totals, prepend=0)]


def lay_ks(n: int, shares: Sequence[float], k: int) -> list[int]:
    """A multiple of k laid out in whole ks: whatever is added up or taken from one another is a multiple of k as well.

    Raises ValueError for another number.
    """
    if n % k:
        raise ValueError(f"{n} is no multiple of {k}")
    return [k * part for part in lay_out(n // k, shares)]


def whole_ks(n: int, k: int) -> int:
    """A live number in steps of k, downwards: 0 below k, so that whoever comes or leaves alone moves it seldom."""
    return n // k * k


ROUNDING = 1e-12  # of a sum of some thousand parts in float64; far less than any person's share


def count_for(k: int, total: float, squares: float) -> bool:
    """Whether parts that add up to `total`, their squares to `squares`, count for k people (Kish's effective number,
    "Survey Sampling" 1965): k alike do."""
    return squares > 0 and total**2 >= k * squares * (1.0 - ROUNDING)


def weights(floor_m2: F64) -> F64:
    """What share of a piece's sum each of its squares gets: by its walkable floor, (n,)."""
    total = float(floor_m2.sum())
    return floor_m2 / total if total > 0 else np.full(floor_m2.shape, 1.0 / max(1, floor_m2.size))
