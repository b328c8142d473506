"""What a reading of operator files found: errors that refuse the plan, warnings that do not."""

from __future__ import annotations

from dataclasses import dataclass, field

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
