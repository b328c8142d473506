"""The house stays one that can be walked through: folders of fifteen Python files, files of four hundred lines, and
nothing that only tests call, which tells of nothing that anybody uses."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
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
    full = {name: n for name, n in held.items() if n > MOST_FILES and name not in CATALOGUES}
    assert full == {}, "make an inner room: a folder for those of its modules that do one thing together, by its name"


def test_every_exception_is_still_one() -> None:
    held = Counter(folder(path) for path in files() if path.name != "__init__.py")
    assert {name: held[name] for name in CATALOGUES if held[name] <= MOST_FILES} == {}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    long = {path.relative_to(ROOT).as_posix(): n for path, n in lines.items() if n > MOST_LINES}
    assert long == {}, "move what does one thing into a module beside it, by the name of what it does"


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


CALLED_FROM_OUTSIDE = {
    "handle_async_request": "httpx calls it of a transport",
    "ENVIRONMENT": "`tests/docs` reads our variables by it",
    "wait_settled": "tests wait by it until what one look began is over",
    "LIES": "its words are held against the catalogue",
    "share_of_time": "the referee of tests/accuracy",
    "occupancy_correlation": "the referee of tests/accuracy",
    "hot_agreement": "the referee of tests/accuracy",
    "float_32": "recorded messages of vendors are made with it",
    "float_64": "recorded messages of vendors are made with it",
    "add_counts": "an indicator by group: `engine.indicators`",
    "merge_neighbours": "an indicator by group: `engine.indicators`",
    "merge_small": "an indicator by group: `engine.indicators`",
    "same_weekdays": "an indicator compared: `engine.indicators`",
    "returning_shoppers": "what the indicators repeat and frequency are made of",
    "indicator_words": "the indicators in words",
}
"""Named nowhere else in the product, and why they stay."""


def sources() -> Iterator[Path]:
    for room in set(ROOMS) - {"tests"}:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in (".py", ".html", ".js") and "migrations" not in path.parts:
                yield path


def code_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r'(?m)"""(?s:.*?)"""|^ *#.*$', "", text) if path.suffix == ".py" else text


def defined(tree: ast.Module) -> Iterator[str]:
    """What a module defines, and its classes: all but what a decorator or the language itself calls."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            methods = (m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef))
            yield from (m.name for m in methods if all(ast.unparse(d) == "property" for d in m.decorator_list))
            yield node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_nothing_is_there_for_tests_alone() -> None:
    words: Counter[str] = Counter()
    names: set[str] = set()
    for path in sources():
        code = code_of(path)
        words.update(re.findall(r"\w+", code))
        if path.suffix == ".py":
            names.update(defined(ast.parse(path.read_text(encoding="utf-8"))))
    assert len(names) > 5_000
    alone = {name for name in names if words[name] == 1 and not name.startswith("__")}
    assert alone == set(CALLED_FROM_OUTSIDE)
