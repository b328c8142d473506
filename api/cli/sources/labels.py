"""Labels on the command line: files in, sentences out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from api.texts.catalogue import words
from engine.errors import collect_problems
from engine.files.labels import LabelTable, read_labels, read_receipts
from engine.offers.measured.calibration import LEAST_DEVICES as ENOUGH_DEVICES
from engine.offers.promise import Promise
from engine.plan.model import Plan
from engine.positioning.labels.doubts import SQUARE_M
from engine.positioning.labels.trial import LEAST_DEVICES, LEAST_LABELS
from engine.records import F64, U64

PAUSES = "the plan and where people pause"
"""What an engine's promise is told by while no labels tell it."""


def labels_of_files(
    plan: Plan, labels: Path | None, receipts: Path | None, device: Callable[[str], int]
) -> dict[str, LabelTable]:
    """The labels of these files, by the file's name. Raises OperatorError."""
    with collect_problems() as collect:
        scans = collect.read(lambda: read_labels(labels, plan, device) if labels else None)
        bought = collect.read(lambda: read_receipts(receipts, plan, device) if receipts else None)
    return {str(path): table for path, table in ((labels, scans), (receipts, bought)) if table is not None}


def warn_of_left_out(tables: Mapping[str, LabelTable]) -> None:
    """Of lines that cannot be used beside others that can."""
    for file, sentence in ((file, said) for file, table in tables.items() for said in table.left_out):
        print(f"{file}: warning: {sentence.removeprefix(f'{file}: ')}", file=sys.stderr)


LEAST_GAIN_M = 0.05  # less is no nearer


def warn_of_unheard(tables: Mapping[str, LabelTable], t: F64, devices: U64) -> None:
    """Of files whose labels mostly are of a time, or of devices, that the readings (at `t`, of `devices`) have not: the
    two were recorded by other clocks, or name devices differently."""
    if not len(t):
        return
    first, last = float(t.min()), float(t.max())
    for file, labels in ((file, table.labels) for file, table in tables.items()):
        n, strange = len(labels), int((~np.isin(labels.device, devices)).sum())
        outside = int(((labels.t < first) | (labels.t > last)).sum())
        said = []
        if 2 * strange > n:
            said.append(f"{strange} of {n} lines are of devices that the readings have not: write `device` as they do")
        if 2 * outside > n:
            spans = f"{labels.t.min():.0f} to {labels.t.max():.0f}, readings {first:.0f} to {last:.0f}"
            fix = "both in seconds since 1970, UTC"
            said.append(f"{outside} of {n} lines are of times that the readings have not ({spans}): {fix}")
        for sentence in said:
            print(f"{file}: warning: {sentence}", file=sys.stderr)


def labels_in_words(figures: Mapping[str, Any]) -> list[str]:
    """What labels were good for, and what was left aside."""
    gain, share = figures.get("gain_m"), figures.get("share", 0.0)
    lying = figures.get("lying_sources", {})
    who = "devices at places" if figures.get("by_places") else "devices"
    if share and gain is not None and gain < LEAST_GAIN_M:
        used = f"they foresee what is heard of {who} left out better, who are found as far off as without them"
    elif share:
        used = f"{who} left out are found {gain:.2f} m nearer with them"
    elif gain is None:
        few = "beside those that contradict the store there are too few to judge" if lying else "too few to judge"
        used = f"the map stays as it was: {few}, of which there must be {LEAST_LABELS}, of {LEAST_DEVICES}"
        used += f" devices or in as many squares of {SQUARE_M:g} m"
    else:
        why = "what is not left aside makes it" if lying else "they make it"
        used = f"the map stays as it was: {why} no better for {who} left out"
    out = [f"labels: {figures.get('used', 0)} held against tracks; {used}", *_say_apart(figures)]
    said = words("en").refusals
    out += [f"labels: {n} left aside: {said[why]} ({why})" for why, n in sorted(figures.get("refused", {}).items())]
    return out


def _say_apart(figures: Mapping[str, Any]) -> list[str]:
    """Of each stream of labels that teaches no more than how places differ: what it is off by."""
    may = "which may be the map's or theirs: they were taken without it. Are products drawn from another corner?"
    return [f"labels: {name}{_off_by(x, y)}, {may}" for name, (x, y) in figures.get("apart_m", {}).items()]


def say_lies(figures: Mapping[str, Any]) -> dict[str, str]:
    """Of each stream of labels that contradicts the store, by its name: what it looks like."""
    off = figures.get("off_m", {})
    return {
        name: f"its labels contradict the store, and were left aside: {what}{_by_how_much(off.get(name))}"
        for name, what in figures.get("lying_sources", {}).items()
    }


def say_moved(figures: Mapping[str, Any]) -> list[str]:
    """Of each product that seems to stand elsewhere: where."""
    return [
        f"product {m['sku']} seems to stand at x {m['x_m']}, y {m['y_m']}, {m['moved_m']} m from its place in the plan"
        for m in figures.get("moved_products", [])
    ]


def warn_of_doubts(figures: Mapping[str, Any]) -> None:
    """Of labels that contradict the store, and of products that seem to stand elsewhere."""
    for name, said in say_lies(figures).items():
        print(f"{name}: warning: {said}", file=sys.stderr)
    for said in say_moved(figures):
        print(f"warning: {said}", file=sys.stderr)


def lack_in_words(figures: Mapping[str, Any], promises: Iterable[Promise]) -> list[str]:
    """How many devices are missing for these campaigns' thresholds to stand on labels; nothing where none is."""
    labelled, left = (int(figures.get(name, 0)) for name in ("labelled_devices", "left_devices"))
    if min(labelled, left) >= ENOUGH_DEVICES or all(given.labelled for given in promises):
        return []
    need = f"labelled devices, of which there are {labelled}, and as many that have left, of which there are {left}"
    return [f"labels: thresholds need {ENOUGH_DEVICES} {need}: until then they are told by {PAUSES}"]


def _by_how_much(off_m: Sequence[float] | None) -> str:
    if off_m is None:
        return ""
    return f"{_off_by(*off_m)}. Or are the access points drawn so?"


def _off_by(x: float, y: float) -> str:
    return f": places lie {x:+.1f} m in x and {y:+.1f} m in y of where devices were"


def promise_in_words(given: Promise, basis: str = "") -> str:
    """What a campaign that states a precision can promise; `basis` where its labelled devices are told in steps."""
    basis = basis or (f"{given.labelled} labelled devices" if given.labelled else PAUSES)
    low, high = given.precision_low, given.precision_high
    ends = f"({low:.0%} at worst)" if high is None else f"of all places together ({low:.0%} to {high:.0%} at this one)"
    told = f"precision {given.precision:.0%} {ends}, recall {given.recall:.0%}"
    if given.threshold is None:
        return f"nothing is sent: by {basis} no threshold keeps the word ({told})"
    return f"sent from P {given.threshold:.2f} on: by {basis} {told}"
