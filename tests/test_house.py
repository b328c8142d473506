"""The house stays one that can be walked through: folders of fifteen Python files, files of four hundred lines,
functions of sixty, and nothing that only tests call, which tells of nothing that anybody uses."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "docs", "engine", "floorplans", "simulators", "tests")
MOST_FILES, MOST_LINES, MOST_OF_FUNCTION = 15, 400, 60
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


def lengths(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """How many lines each function has, from `def` on. Its docstring is not counted: it is read on its own, and that of
    a command is its help. A function inside of another counts for both."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, said = node.body[0], ast.get_docstring(node) is not None
            told = (first.end_lineno or 0) - first.lineno + 1 if said else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - told


def test_no_function_is_longer_than_sixty_lines() -> None:
    each = [
        (f"{path.relative_to(ROOT).as_posix()}: {name}", n)
        for path in files()
        for name, n in lengths(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(each) > 10_000
    long = {name: n for name, n in each if n > MOST_OF_FUNCTION}
    assert long == {}, (
        "a noun is missing: give each thing it does a function by the name of what that makes, and what these hand on"
        " together a dataclass; of a table, make data"
    )


def test_lines_of_functions_are_counted_without_their_docstring() -> None:
    code = '@given\ndef f():\n    """One.\n\n    Three."""\n    def g():\n        return 1\n\n    return g\n'
    assert list(lengths(ast.parse(code))) == [("f", 5), ("g", 2)]


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


PURE = ("offers", "presence", "plan", "positioning", "radio", "loyalty", "indicators", "commerce")
IMPURE = re.compile(
    r"time\.(time|monotonic|perf_counter|sleep)|(datetime\.|dt\.|date\.)+(now|today|utcnow)|(np\.)?random\.\w+|secrets\.\w+"
    r"|uuid\.uuid[14]|open|input|\w+\.(read_bytes|read_text|write_bytes|write_text)|([\w.]+\.)?default_rng\(\)"
)
"""Calls that give another answer to the same question, or reach out of the room."""
NOT_PURE = {
    ("engine/offers/campaigns.py", "path.read_bytes"): "campaigns of a floor plan's folder",
    ("engine/offers/hq/campaigns.py", "path.read_bytes"): "campaigns of a head office's folder",
    ("engine/plan/load.py", "path.read_bytes"): "a floor plan's folder",
    ("engine/positioning/labels/learning.py", "np.random.default_rng()"): "privacy: nobody may work out the order",
    ("engine/loyalty/sharing.py", "secrets.token_urlsafe"): "a link that nobody may guess",
}
MONEY = re.compile(r"amount|price|worth|balance")
NO_MONEY = {("engine/offers/decide.py", "message_price_minor"): "what attention is held to cost, weighed with chances"}


def trees_of(rooms: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    for path in files():
        if path.is_relative_to(ROOT / "engine") and path.relative_to(ROOT / "engine").parts[0] in rooms:
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def impure_calls(tree: ast.AST) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        unseeded = f"{name}()" if name.endswith("default_rng") and not (call.args or call.keywords) else name
        if IMPURE.fullmatch(unseeded) and (unseeded != name or not name.endswith("default_rng")):
            yield unseeded


def floats_of_money(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            name, kind = node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, kind = node.target.id, node.annotation
        else:
            continue
        if MONEY.search(name) and re.search(r"\bfloat\b", ast.unparse(kind)):
            yield name


def test_pure_rooms_ask_no_clock_no_chance_and_no_file() -> None:
    found = {(path, call) for path, tree in trees_of(PURE) for call in impure_calls(tree)}
    assert found - set(NOT_PURE) == set(), "let the caller give it, as `now` or a seed, or say in NOT_PURE why"
    assert set(NOT_PURE) - found == set(), "gone: take these out of NOT_PURE"


def test_amounts_are_whole_numbers() -> None:
    found = {
        (path, name) for path, tree in trees_of(("offers", "loyalty", "commerce")) for name in floats_of_money(tree)
    }
    assert found - set(NO_MONEY) == set(), "money is an int of the currency's smallest unit, or a Decimal"
    assert set(NO_MONEY) - found == set(), "gone: take these out of NO_MONEY"


def test_what_is_not_pure_and_money_that_is_not_whole_are_found() -> None:
    calls = (
        "time.time(), dt.datetime.now(z), random.random(), open(p), np.random.default_rng(), np.random.default_rng(4)"
    )
    assert len(list(impure_calls(ast.parse(calls)))) == 5
    assert list(floats_of_money(ast.parse("def f(price_minor: float | None, at: float, worth: int): ..."))) == [
        "price_minor"
    ]


def test_there_are_no_mocks() -> None:
    """A broker, a database or a browser is a real one; what a test changes of the world around it, pytest puts back."""
    mock = re.compile(
        r"^\s*(import|from) (unittest\.)?mock\b|unittest import mock|\bMagicMock\(|\bmocker\b", re.MULTILINE
    )
    tests = [path for path in files() if path.is_relative_to(ROOT / "tests") and path != Path(__file__)]
    assert [path.name for path in tests if mock.search(path.read_text(encoding="utf-8"))] == []


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
