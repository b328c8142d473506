"""The tables of experiments: which campaigns hold out whom, and the simulator's potential outcomes to score against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.columns import Column, Texts
from engine.files.read import Lines, read_columns
from engine.files.write import write_columns
from engine.masks import mask_name
from engine.offers.campaigns import Campaign
from engine.offers.experiments import experiment_of
from engine.records import F64, Bools

EXPERIMENTS = (
    Column("campaign_id", number=False),
    Column("experiment", number=False),
    Column("holdout_share", number=True),
)
POTENTIAL = (
    Column("device", number=False),
    Column("campaign_id", number=False),
    Column("share_without", number=True),
    Column("share_with", number=True),
    Column("buys_without", number=True),
    Column("buys_with", number=True),
    Column("redeems", number=True),
    Column("amount_without_minor", number=True),
    Column("amount_with_minor", number=True),
    Column("margin_without_minor", number=True),
    Column("margin_with_minor", number=True),
)
FLAGS = ("buys_without", "buys_with", "redeems")
SHARES = ("share_without", "share_with")


@dataclass(frozen=True, slots=True)
class PotentialTable:
    """One row a shopper and campaign, each (n,): what the shopper does on this visit without the coupon and with it.

    `share_*` are the configured chances behind `buys_*`; `redeems` is whether the coupon is used where there is one.
    Amounts are the whole basket, after the discount; margins only of what the campaign is about.
    """

    device: Texts
    campaign_id: Texts
    share_without: F64
    share_with: F64
    buys_without: Bools
    buys_with: Bools
    redeems: Bools
    amount_without_minor: F64
    amount_with_minor: F64
    margin_without_minor: F64
    margin_with_minor: F64

    def __len__(self) -> int:
        return int(self.share_with.shape[0])


def read_potential(path: Path) -> PotentialTable:
    """Potential outcomes. Raises OperatorError with every problem: no yes or no, no share, two rows for one fate."""
    cols, lines = read_columns(path, POTENTIAL)
    problems = [p for name in FLAGS for p in _outside(path, name, cols[name], lines, np.isin(cols[name], (0, 1)))]
    for name in SHARES:
        problems += _outside(path, name, cols[name], lines, (cols[name] >= 0) & (cols[name] <= 1))
    fates = zip(cols["device"].tolist(), cols["campaign_id"].tolist(), strict=True)
    problems += _find_repeated(path, [f"{device} under {campaign}" for device, campaign in fates], lines)
    if problems:
        raise OperatorError(problems)
    return PotentialTable(**{n: v.astype(np.bool_) if n in FLAGS else v for n, v in cols.items()})


def write_potential(path: Path, table: PotentialTable) -> None:
    """Potential outcomes; shares to six decimals, money and yes or no as whole numbers."""
    columns: dict[str, tuple[Any, int | None]] = {}
    for column in POTENTIAL:
        values = getattr(table, column.name)
        decimals = 6 if column.name in SHARES else 0
        columns[column.name] = (values.astype(np.float64), decimals) if column.number else (values, None)
    write_columns(path, columns)


def read_experiments(path: Path) -> dict[str, float]:
    """The holdout share of each campaign that has one, by its id. Raises OperatorError with every problem."""
    cols, lines = read_columns(path, EXPERIMENTS)
    share = cols["holdout_share"]
    problems = _outside(path, "holdout_share", share, lines, (share > 0) & (share < 1))
    problems += _find_repeated(path, cols["campaign_id"].tolist(), lines)
    if problems:
        raise OperatorError(problems)
    return dict(zip(cols["campaign_id"].tolist(), share.tolist(), strict=True))


def write_experiments(path: Path, campaigns: Sequence[Campaign]) -> None:
    """The experiments among these campaigns: those that hold out anybody."""
    held = [c for c in campaigns if c.holdout_share]
    write_columns(
        path,
        {
            "campaign_id": (np.array([c.id for c in held], np.str_), None),
            "experiment": (np.array([experiment_of(c) for c in held], np.str_), None),
            "holdout_share": (np.array([c.holdout_share for c in held], np.float64), 6),
        },
    )


def _outside(path: Path, column: str, values: F64, lines: Lines, right: Bools) -> list[Problem]:
    said = "is neither 0 nor 1" if column in FLAGS else "is not a share"
    return [
        Problem(str(path), f"line {lines(i)}, column {column}", f"{values[i]:g} {said}")
        for i in np.flatnonzero(~right).tolist()
    ]


def _find_repeated(path: Path, keys: Sequence[str], lines: Lines) -> list[Problem]:
    first: dict[str, int] = {}
    return [
        Problem(str(path), f"line {lines(i)}", f"{mask_name(key)} is on line {lines(first[key])} too")
        for i, key in enumerate(keys)
        if first.setdefault(key, i) != i
    ]
