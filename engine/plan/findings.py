"""What a reading of operator files found: errors that refuse the plan, warnings that do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.errors import Problem


class WrongValueError(ValueError):
    """One value that cannot be used: why, and what would be right."""

    def __init__(self, reason: str, fix: str = "") -> None:
        self.reason = reason
        self.fix = fix
        super().__init__(reason)


@dataclass
class Findings:
    """Collects problems of one file, so that all of them can be shown at once."""

    file: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def wrong(self, place: str, reason: str, fix: str = "") -> None:
        """An error: the plan is refused."""
        self.errors.append(Problem(self.file, place, reason, fix))

    def odd(self, place: str, reason: str, fix: str = "") -> None:
        """A warning: the plan is used as it is."""
        self.warnings.append(Problem(self.file, place, reason, fix))


MOST_ALIKE = 8
"""So many problems of one kind are listed one by one; more are one thing, said once with some of its places."""
SHOWN_PLACES = 3
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|-?\d[\d.,]*(?:e[-+]?\d+)?")


def tell_once(problems: Sequence[Problem]) -> list[Problem]:
    """The problems in their order, those of one kind as one where there are more than `MOST_ALIKE`: a drawing in the
    wrong units is one mistake, not one for each of its vertices. Alike are problems that differ in numbers, values and
    indices alone."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, problem in enumerate(problems):
        kind = (_VALUES.sub("#", text) for text in (problem.place, problem.reason, problem.fix))
        alike.setdefault((problem.file, *(re.sub("#+", "#", text) for text in kind)), []).append(i)
    told = dict(enumerate(problems))
    for first, *others in alike.values():
        if len(others) >= MOST_ALIKE:
            places = ", ".join(problems[i].place for i in others[:SHOWN_PLACES])
            more = f" and {len(others) - SHOWN_PLACES} more places"
            told[first] = replace(told[first], reason=f"{told[first].reason}; the same at {places}{more}")
            for i in others:
                del told[i]
    return list(told.values())
