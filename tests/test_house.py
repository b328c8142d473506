"""The house stays one that can be walked through: folders of fifteen Python files, files of four hundred lines."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "docs", "engine", "floorplans", "simulators", "tests")
MOST_FILES, MOST_LINES = 15, 400
CATALOGUES = {
    "engine/storage/migrations/versions": "a file a migration, in a row that only grows",
    "tests/cases": "a file a fault, found by its name",
}
"""Folders that may hold more files, and why: they are looked up, never read from end to end."""


def files() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def folder(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


def test_no_folder_holds_more_than_fifteen_files() -> None:
    held = Counter(folder(path) for path in files() if path.name != "__init__.py")
    assert len(held) > 100
    assert {name: n for name, n in held.items() if n > MOST_FILES and name not in CATALOGUES} == {}


def test_every_exception_is_still_one() -> None:
    held = Counter(folder(path) for path in files() if path.name != "__init__.py")
    assert {name: held[name] for name in CATALOGUES if held[name] <= MOST_FILES} == {}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {path.relative_to(ROOT).as_posix(): n for path, n in lines.items() if n > MOST_LINES} == {}


def test_properties_are_explored_with_as_many_examples_as_are_asked_for() -> None:
    """A number of one's own is not raised by `make explore`: `tests.examples` has those that are."""
    tests = [path for path in files() if path.is_relative_to(ROOT / "tests") and path != Path(__file__)]
    fixed = {path.relative_to(ROOT).as_posix() for path in tests if "max_examples=" in path.read_text(encoding="utf-8")}
    assert fixed == {"tests/examples.py", "tests/api/test_any_request.py"}


def test_properties_inside_of_a_test_are_found_and_counted() -> None:
    """pytest knows for a property what `@given` stands over: one that is made inside of a test says that it is one."""
    unmarked = []
    for path in files():
        text = path.read_text(encoding="utf-8") if path.is_relative_to(ROOT / "tests") else ""
        if ("@given(" in text or "run_state_machine_as_test(" in text) and path.parent.name != "exploring":
            tests = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            unmarked += [f"{path.name}::{test.name}" for test in tests if not _is_found_and_counted(test)]
    assert unmarked == ["test_any_request.py::test_no_answer_is_our_mistake"]  # `make fuzz` runs it


def _is_found_and_counted(test: ast.FunctionDef) -> bool:
    inside = [node for node in ast.walk(test) if isinstance(node, ast.FunctionDef) and node is not test]
    given = [[ast.unparse(one) for one in node.decorator_list] for node in inside]
    made = [one for one in given if any(name.startswith("given(") for name in one)]
    played = [call for node in ast.walk(test) if (call := ast.unparse(node)).startswith("run_state_machine_as_test(")]
    counted = all("counted" in one for one in made) and all("(counted_machine(" in call for call in played)
    marked = "pytest.mark.hypothesis" in [ast.unparse(one) for one in test.decorator_list]
    return not (made or played) or (counted and marked)
