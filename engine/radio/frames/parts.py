"""Parts of a survey that were told in another frame: by one of its surveyors, or on one side of the floor.

Places half of which are mirrored fit no frame as a whole, and still foresee each other, half by half. So where a survey
as a whole is in no other frame, each surveyor (`source`) is asked for one of their own, then each half of the floor, of
what is left. What is named is left aside; where that is most of the survey, nobody can say which part is right.

One surveyor who is far off can make the whole seem so. It is that one's alone where what the others heard is clearly
likelier as they told it than in the frame of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.masks import mask_name
from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.frames.frame import NOWHERE, OtherFrame
from engine.radio.frames.heard import HeardRows, survey_rows
from engine.radio.frames.misfit import misfit
from engine.radio.frames.told import LEAST_ODDS, SHADOW_SHARE, other_frame
from engine.radio.reach import place_numbers
from engine.records import Bools

MOST = 2.0 / 3.0  # of what was heard: then it may as well be the plan, and the rest, that is wrong
_AXES = "xy"


@dataclass(frozen=True, slots=True)
class SurveyPart:
    """Of a survey, what `source` took; or all on one side of `middle_m` (of the first level) in x or y (`axis` 0 or 1),
    the `far` one or the other. `places` distinct ones."""

    source: int = -1
    axis: int = -1
    far: bool = False
    middle_m: float = 0.0
    places: int = 0

    def of(self, evidence: Evidence) -> Bools:
        """(n,) which rows are of it."""
        surveyed = evidence.kind == EvidenceKind.SURVEYED
        if self.source >= 0:
            return np.asarray(surveyed & (evidence.source == self.source), np.bool_)
        at = evidence.y_m if self.axis else evidence.x_m
        return np.asarray(surveyed & ((at >= self.middle_m) == self.far), np.bool_)

    def say(self, surveyors: Sequence[str] = ()) -> str:
        """Whose or where it is."""
        if self.source >= 0:
            return say_device(surveyors, self.source)
        return f"{_AXES[self.axis]} {'from' if self.far else 'up to'} {self.middle_m:.1f}"


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A part, and the frame that it was told in."""

    part: SurveyPart
    frame: OtherFrame


def say_device(surveyors: Sequence[str], number: int) -> str:
    """The device of this number. The number stands for a name that there is not, and beside one that is a MAC, which
    nobody is to read: `surveyors` are in the order of their names."""
    name = surveyors[number] if number < len(surveyors) else ""
    masked = mask_name(name)
    if name and masked == name:
        return f"device {name}"
    return f"device number {number + 1}" + (f" by name ({masked})" if name else "")


def other_parts(plan: Plan, evidence: Evidence) -> tuple[OtherPart, ...]:
    """Parts of a survey that were told in another frame than the plan's."""
    surveyors = _surveyors(evidence)
    low_x, low_y, high_x, high_y = plan.levels[0].polygon.bounds
    middles = ((low_x + high_x) / 2, (low_y + high_y) / 2)
    halves = [SurveyPart(-1, axis, far, middle) for axis, middle in enumerate(middles) for far in (False, True)]
    asked = len(surveyors) + len(halves)
    found = _ask(plan, evidence, surveyors, asked)
    rest = without_parts(evidence, found)
    across = _ask(plan, rest, halves, asked)
    if across:  # the likeliest way to cut the floor; what is wrong in one half spoils those of the other way, too
        best = max(across, key=lambda other: other.frame.odds).part.axis
        found += [other for other in across if other.part.axis == best]
    return tuple(found)


def by_devices(plan: Plan, evidence: Evidence, whole: OtherFrame) -> tuple[tuple[OtherPart, ...], bool]:
    """Surveyors who told another frame, where it is theirs rather than the whole's, as `whole` has it: none where the
    others fit `whole` no worse than where they told. And whether that is sure."""
    surveyors = _surveyors(evidence)
    parts = _ask(plan, evidence, surveyors, max(len(surveyors), 1))
    if not 0 < len(parts) < len(surveyors):
        return (), False
    rows = survey_rows(plan, without_parts(evidence, parts))
    here, there = _costs(plan, rows, whole)
    odds = SHADOW_SHARE * (there - here)
    return (tuple(parts), odds >= LEAST_ODDS) if odds > 0 else ((), False)


def without_parts(evidence: Evidence, parts: Sequence[OtherPart]) -> Evidence:
    """The rows that are of none of them."""
    keep = np.ones(len(evidence), np.bool_)
    for other in parts:
        keep &= ~other.part.of(evidence)
    return evidence.take(np.flatnonzero(keep))


def frame_of_all(plan: Plan, evidence: Evidence, parts: Sequence[OtherPart]) -> OtherFrame | None:
    """The frame of a part that suits the rest no worse than the plan's own: then it is the whole survey's, which alone
    is less sure of it than its part."""
    rows = survey_rows(plan, without_parts(evidence, parts))
    for other in parts:
        here, there = _costs(plan, rows, other.frame)
        if other.frame.kind != NOWHERE and there <= here:
            return other.frame
    return None


def are_most(evidence: Evidence, parts: Sequence[OtherPart]) -> bool:
    """Whether so much of the survey is in these parts that nobody can say which is right."""
    rest, whole = (int((e.kind == EvidenceKind.SURVEYED).sum()) for e in (without_parts(evidence, parts), evidence))
    return bool(parts) and rest < (1.0 - MOST) * whole


def _surveyors(evidence: Evidence) -> list[SurveyPart]:
    """Who surveyed, where there were several."""
    sources = np.unique(evidence.source[evidence.kind == EvidenceKind.SURVEYED]).tolist()
    return [SurveyPart(source) for source in sources] if len(sources) > 1 else []


def _costs(plan: Plan, rows: HeardRows, frame: OtherFrame) -> tuple[float, float]:
    """What rows cost as they were told, and in another frame."""
    x, y = frame.right(rows.level, rows.x_m, rows.y_m)
    here, there = misfit(plan, rows, np.stack([rows.x_m, x]), np.stack([rows.y_m, y])).sum(axis=1).tolist()
    return here, there


def _ask(plan: Plan, evidence: Evidence, parts: Sequence[SurveyPart], asked: int) -> list[OtherPart]:
    out = []
    for part in parts:
        own = evidence.take(np.flatnonzero(part.of(evidence)))
        frame = other_frame(plan, survey_rows(plan, own), asked=asked)
        if frame is not None:
            counted = SurveyPart(part.source, part.axis, part.far, part.middle_m, _places(own))
            out.append(OtherPart(counted, frame))
    return out


def _places(evidence: Evidence) -> int:
    at = evidence.kind == EvidenceKind.SURVEYED
    return int(place_numbers(evidence.level[at], evidence.x_m[at], evidence.y_m[at]).max(initial=-1)) + 1
