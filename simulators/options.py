"""What `rayon simulate` may be asked for, and which of it goes together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import OperatorError, Problem
from simulators.scenario.wire_formats import WireFormat

COMMAND = "rayon simulate"


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """The command's options, by their own names; None where one is not given.

    `out` alone asks for a recording, `mqtt` for a live run, which may talk to an `api` and then write tables, too.
    """

    scenario: str | None = None
    out: Path | None = None
    mqtt: str | None = None
    api: str | None = None
    till_key_env: str = "RAYON_TILL_KEY"
    speed: float = 1.0
    seconds: float | None = None
    wire: WireFormat | None = None
    frames: bool = False
    seed: int | None = None
    campaigns: Path | None = None
    config: Path | None = None

    def check(self) -> None:
        """Raises OperatorError with all that does not go together."""
        if self.scenario is None or (self.out is None and self.mqtt is None):
            fix = "for example: rayon simulate quiet-tuesday -o recording/"
            raise OperatorError([Problem(COMMAND, "arguments", "give a SCENARIO and either -o or --mqtt", fix)])
        problems = list(self._misfits())
        if problems:
            raise OperatorError(problems)
        if self.api is not None:
            _check_api(self.api)

    def _misfits(self) -> list[Problem]:
        """A run is a recording (-o), or live (--mqtt), and then may write tables of its phones (--api, -o)."""
        problems = []
        if self.api is not None and self.mqtt is None:
            problems.append(Problem(COMMAND, "--api", "--api goes with --mqtt", "tables need no phones"))
        if self.frames and (self.out is None or self.mqtt is not None):
            fix = "live, a broker gets them"
            problems.append(Problem(COMMAND, "--frames", "--frames goes with -o, without --mqtt", fix))
        if self.mqtt is not None and self.out is not None and self.api is None:
            fix = "readings, truth and coupons are tables of a recording: leave --mqtt out"
            problems.append(Problem(COMMAND, "-o", "live, -o goes with --api: its tables are of phones", fix))
        if self.config is not None and (self.mqtt is None or self.out is None):
            problems.append(Problem(COMMAND, "--config", "--config goes with --mqtt and -o", "leave it out"))
        return problems

    def unfit_for_a_year(self) -> list[str]:
        """The options given that a year, which has no radio, cannot heed."""
        given = {
            "--mqtt": self.mqtt,
            "--wire": self.wire,
            "--frames": self.frames or None,
            "--campaigns": self.campaigns,
        }
        return [name for name, value in given.items() if value is not None]


def _check_api(api: str) -> None:
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        fix = "as in http://127.0.0.1:8000"
        raise OperatorError([Problem(COMMAND, "--api", "not an http or https address", fix)])
