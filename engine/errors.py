"""The error tree. Four kinds, four treatments.

* `OperatorError`: a mistake in config, plan, campaign or table. Refuse to start, list all with their places, exit 2.
* `DecodeError`: the world's noise. Caught in one place, counted by reason, sampled.
* `BusinessRefusal`: a typed no with a stable code, shown as a 4xx problem.
* anything else is our bug, and fails loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

from engine.vocabulary import FrameRefusal, ProblemCode, RecordRefusal

T = TypeVar("T")


class RayonError(Exception):
    """Root of all errors that Rayon raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong, and what would be right.

    `place` reads like `features[3].properties.z_m`, `line 12, column price_minor` or `mqtt.port`. `line` is where that
    stands in its file, from 1, or None. `code` and `values` say the same to a page, which has a sentence for each code
    in every language (see `engine.wording.MistakeCode`).
    """

    file: str
    place: str
    reason: str
    fix: str = ""
    line: int | None = field(default=None, compare=False)
    code: str = field(default="", compare=False)
    values: Mapping[str, object] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        tail = f" ({self.fix})" if self.fix else ""
        at = "" if self.line is None else f"line {self.line}, "
        return f"{self.file}: {at}{self.place}: {self.reason}{tail}"


class OperatorError(RayonError):
    """One or more mistakes of an operator, all listed at once. `left`: what there is of the work all the same; where it
    is empty, nothing was started or written."""

    def __init__(self, problems: Sequence[Problem], left: str = "") -> None:
        self.problems, self.left = tuple(problems), left
        super().__init__("\n".join(str(p) for p in self.problems))


class ProblemCollector:
    """The mistakes found so far, by readers that need nothing from one another."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, reader: Callable[[], T]) -> T:
        """What `reader` returns. Where it raises OperatorError the mistakes are kept and the value is None: it is not
        to be used before `collect_problems` ends, which then raises."""
        try:
            return reader()
        except OperatorError as error:
            self.problems += error.problems
            return cast(T, None)


@contextmanager
def collect_problems() -> Iterator[ProblemCollector]:
    """Raises one OperatorError at its end, with the mistakes of all that was read in it, not of the first alone."""
    collector = ProblemCollector()
    yield collector
    if collector.problems:
        raise OperatorError(collector.problems)


class DecodeError(RayonError):
    """A frame that cannot be used. `reason` is what is counted; `detail` never holds a MAC."""

    def __init__(self, reason: FrameRefusal, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class MessageRefused(RayonError):
    """A vendor's message that cannot be used at all. `reason` is what is counted; `detail` never holds a MAC."""

    def __init__(self, reason: RecordRefusal, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


class BusinessRefusal(RayonError):
    """A refusal that a person or a till sees: stable `code`, HTTP `status`, a sentence."""

    code: ProblemCode = ProblemCode.REFUSED
    status = 409

    def __init__(self, detail: str = "", *, code: ProblemCode | None = None, status: int | None = None) -> None:
        self.detail = detail
        self.code = code or type(self).code
        self.status = status or type(self).status
        super().__init__(detail or self.code)


class NotFound(BusinessRefusal):
    """Unknown, or not yours: the same answer for both."""

    code = ProblemCode.NOT_FOUND
    status = 404


class StorageUnavailable(RayonError):
    """The database cannot be reached now. Transient: retried with back-off."""

    fix = "Is it running, and is storage.url right?"
    """For whoever starts a program that it keeps from starting."""


class LeaseLost(RayonError):
    """Another engine runs this store now: nothing of the refused transaction was written.

    Whoever gets this drops the store's state, which is stale, and waits to take the store over again.
    """

    def __init__(self, store: str, owner: str) -> None:
        self.store = store
        self.owner = owner
        super().__init__(f"store {store} is run by {owner or 'nobody'} now")
