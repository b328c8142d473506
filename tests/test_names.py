"""One name, one class: who reads `Session` need not ask which. And a function is a verb: it says what it does."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "api", "simulators")
IRREGULAR = [
    "begun",
    "bought",
    "brought",
    "built",
    "chosen",
    "drawn",
    "foreseen",
    "foretold",
    "found",
    "given",
    "gone",
    "grown",
    "heard",
    "held",
    "kept",
    "known",
    "laid",
    "lost",
    "made",
    "meant",
    "met",
    "paid",
    "said",
    "seen",
    "sent",
    "shown",
    "sold",
    "spent",
    "taken",
    "thought",
    "thrown",
    "told",
    "withheld",
    "won",
    "written",
]
PARTICIPLE = re.compile(rf"_({'|'.join(IRREGULAR)}|[a-z]+[^e]ed)")
STAY = {
    "_noted": "engine/runtime/cluster/nodes",
    "_lost": "engine/storage/leases.py",
    "_heard": "api/cli/setup/steps.py",
    "_marked": "engine/plan/importers/formats/imdf.py",
    "_told": "engine/storage/people/told_places.py",
    "_kept": "engine/privacy/salts.py",
    "_written": "engine/privacy/salts.py",
}
"""Functions that are named by what they give, and where: each is imported elsewhere, or its verb is taken there."""


@cache
def trees() -> dict[str, ast.Module]:
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    assert len(places) > 300
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def functions(tree: ast.Module) -> Iterator[str]:
    """Of a module and of its classes, but for properties and what a framework calls."""
    for body in (tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
                yield node.name


def test_what_a_module_does_for_itself_is_a_verb() -> None:
    """`_show`, not `_shown`."""
    named = {(name, path) for path, tree in trees().items() for name in functions(tree) if PARTICIPLE.fullmatch(name)}
    assert sorted((name, path) for name, path in named if not path.startswith(STAY.get(name, "nowhere"))) == []
