"""What commands are given: checked beyond what a type can say."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import OperatorError, Problem
from engine.offers.campaigns import CAMPAIGNS_FILE
from engine.plan.load import PLAN_FILE, PRODUCTS_FILE, load_plan
from engine.plan.model import Plan
from engine.plan.reachable import FEWEST_ACCESS_POINTS

StoreFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The store's folder, with its plan.geojson and products.csv.")
]


def plan_to_locate(folder: Path) -> Plan:
    """The store's plan, for what needs to know where devices are. Raises OperatorError; warns of too few access
    points."""
    plan = load_plan(folder)
    file, n_ap = str(folder / "plan.geojson"), len(plan.access_points)
    fix = 'features of feature_type "access_point"'
    if not n_ap:
        raise OperatorError([Problem(file, "features", "there is no access point: nothing can be located", fix)])
    if n_ap < FEWEST_ACCESS_POINTS:
        print(f"{file}: warning: {n_ap} access points: positions need {FEWEST_ACCESS_POINTS} at least", file=sys.stderr)
    return plan


def refuse_overwriting(option: str, output: Path | None, *inputs: Path | None) -> None:
    """Raises OperatorError where an output is one of the inputs, by whatever name: it would be lost."""
    for given in inputs:
        if output is None or given is None or not given.exists():
            continue
        if output.resolve() == given.resolve() or (output.exists() and output.samefile(given)):
            reason = f"is {given}, which is read: it would be lost"
            raise OperatorError([Problem(str(output), option, reason, "give another name")])


def plan_files(folder: Path | None) -> tuple[Path, ...]:
    """The files of a store's folder that commands read."""
    return () if folder is None else tuple(folder / name for name in (PLAN_FILE, PRODUCTS_FILE, CAMPAIGNS_FILE))


def finite(value: float) -> float:
    """Checks a number given on the command line. Raises typer.BadParameter for nan."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number")
    return value
