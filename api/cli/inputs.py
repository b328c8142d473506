"""What commands are given: checked beyond what a type can say."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import OperatorError, Problem
from engine.plan.load import load_plan
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


def finite(value: float) -> float:
    """Checks a number given on the command line. Raises typer.BadParameter for nan."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number")
    return value
