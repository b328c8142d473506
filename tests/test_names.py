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
    "broken",
    "bought",
    "brought",
    "built",
    "chosen",
    "done",
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
    "left",
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
    "spelt",
    "spent",
    "spoken",
    "taken",
    "thought",
    "thrown",
    "told",
    "withheld",
    "won",
    "written",
]
BEHIND = (
    "after|ago|as|at|away|back|before|beside|by|for|from|in|last|lately|of|off|on|out|over|past|since|to|together|up|with"
    "|within|without"
)
"""What makes no noun of the participle before it: `named_by`, where `expected_dbm` and `told_hours` are nouns."""
PARTICIPLE = re.compile(rf"_?({'|'.join(IRREGULAR)}|[a-z]+[^e]ed)(_({BEHIND})(_[a-z0-9_]+)?)?")
NO_CALL = re.compile(r"property|validator|\.(get|post|put|patch|delete|command|callback|setter)\(")
"""Decorators of what is read as a value, and of what a framework calls: a route's name is in its OpenAPI document."""
STAY = {
    ("compiled", "engine/positioning/kernels/numba_functions.py"): "a decorator: the function under it is compiled",
    ("inlined", "engine/positioning/kernels/numba_functions.py"): "a decorator: the function under it is inlined",
}
"""Functions that are named by a participle all the same, where, and why."""


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
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(
                NO_CALL.search(ast.unparse(one)) for one in node.decorator_list
            ):
                yield node.name


def test_a_function_is_a_verb() -> None:
    """`show`, not `shown`; `find_named_with`, not `named_with`."""
    named = {(name, path) for path, tree in trees().items() for name in functions(tree) if PARTICIPLE.fullmatch(name)}
    assert len(trees()) > 1000
    assert sorted(named) == sorted(STAY)
