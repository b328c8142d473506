"""Whatever has words is in use: a word that nothing gives, a key that nothing reads and a metric that nothing moves are
promises that nobody keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from api.middleware import metrics
from docs.from_code import keys
from docs.from_code import vocabulary as code
from engine.storage.vouchers.verdicts import TillReason
from tests.docs.pages import ROOT
from tests.docs.test_documented import LABELS

PRODUCT = ("api", "engine", "simulators", "floorplans")
COMPOSED = {f"ProblemCode.VOUCHER_{reason.name}" for reason in TillReason}
"""Made of a word of another vocabulary, and so written nowhere."""
CHOSEN = {"MessageDays.MONTH": "a choice of a form"}
"""Given by a person and read by its value: each with what gives it."""


@cache
def trees() -> dict[Path, ast.Module]:
    found = [path for room in PRODUCT for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in found}


def closed_words(tree: ast.Module) -> Iterator[tuple[str, str, object]]:
    """(class, member, value) of the vocabularies that a module declares."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(b) in ("StrEnum", "IntEnum", "Enum") for b in node.bases):
            for word in node.body:
                if isinstance(word, ast.Assign) and isinstance(word.targets[0], ast.Name):
                    value = word.value.value if isinstance(word.value, ast.Constant) else None  # of `auto()` none
                    yield node.name, word.targets[0].id, value


def words_named(tree: ast.Module) -> Iterator[str]:
    """`Class.MEMBER` wherever a module names it, under whatever name it imported the class; and text that it writes. Of
    a set of words that are all of one kind (`NO_LOSS`) none counts: it says what they are like, and gives none."""
    names = {a.asname: a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names if a.asname}
    listed = {
        id(word)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "frozenset"
        for word in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in listed:
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = ast.unparse(node.value).rsplit(".", 1)[-1]
            yield f"{names.get(owner, owner)}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield repr(node.value)


def dead_words(declared: dict[str, object], named: list[str]) -> set[str]:
    """Words that nobody names, be it by their value: that is written once where they are declared."""
    return {word for word, value in declared.items() if word not in named and named.count(repr(value)) < 2}


def test_every_word_of_a_closed_vocabulary_is_given_by_something() -> None:
    declared = {f"{owner}.{name}": value for tree in trees().values() for owner, name, value in closed_words(tree)}
    assert len(declared) > 500
    named = [word for path, tree in trees().items() if "texts" not in path.parts for word in words_named(tree)]
    counted = dead_words(declared, named)
    assert counted - COMPOSED - set(CHOSEN) == set(), "nothing gives these: take them out, with their words and texts"
    assert set(CHOSEN) - counted == set(), "in use by now: take them out of CHOSEN"


def test_a_word_that_nothing_gives_is_found() -> None:
    module = (
        "class Why(StrEnum):\n    GIVEN = 'given'\n    READ = 'read'\n    DEAD = 'dead'\nALL = frozenset({Why.DEAD})\n"
    )
    declared = {f"{owner}.{name}": value for owner, name, value in closed_words(ast.parse(module))}
    other = ast.parse("from w import Why as W\nreturned = W.GIVEN\nword = 'read'\n")
    assert dead_words(declared, [*words_named(ast.parse(module)), *words_named(other)]) == {"Why.DEAD"}


def attributes_read(path: Path, tree: ast.Module) -> set[str]:
    """What a module reads of whatever; a check of the configuration's own is no use of it."""
    checks = {
        id(node)
        for check in ast.walk(tree)
        if isinstance(check, ast.FunctionDef) and path.is_relative_to(ROOT / "engine/config")
        if any("validator" in ast.unparse(one) for one in check.decorator_list)
        for node in ast.walk(check)
    }
    return {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and id(n) not in checks}


@pytest.mark.parametrize("keys_of", [keys.configuration, keys.campaigns])
def test_every_key_is_read(keys_of: Callable[[], Mapping[str, object]]) -> None:
    """Of a name that several sections have, one that is read stands for all."""
    read = {attribute for path, tree in trees().items() for attribute in attributes_read(path, tree)}
    silent = [key for key in keys_of() if not {_last(key), f"{_last(key)}_"} & read]  # `from` is `from_` in Python
    assert silent == [], "nothing reads these: take them out of the model, and say in CHANGELOG what they did not do"


def test_a_key_that_only_its_own_check_reads_is_found() -> None:
    check = "    @model_validator(mode='after')\n    def _check(self):\n        return self.a_s\n"
    use = "    @property\n    def seconds(self):\n        return self.b_s\n"
    assert attributes_read(ROOT / "engine/config/one.py", ast.parse(f"class C:\n{check}{use}")) == {"b_s"}


def _last(key: str) -> str:
    return key.split(".")[-1].removesuffix("[]")


def test_every_label_is_one_of_a_metric() -> None:
    used = {label for entry in code.metrics().values() for label in filter(None, entry.takes.split(", "))}
    assert used == LABELS, "a label that no metric has any more is taken out of LABELS"


def test_every_sentence_on_a_figure_is_of_one_that_is_told() -> None:
    told = {name.removeprefix("rayon_engine_") for name in code.metrics()}
    assert set(metrics._HELP) - told == set(), "no metric of this name is told: take the sentence out"


def test_every_instrument_is_moved() -> None:
    """What Prometheus asks for itself moves by being asked; what is counted is counted somewhere else."""
    own = next(n for n in trees()[Path(metrics.__file__)].body if isinstance(n, ast.ClassDef) and n.name == "Metrics")
    instruments = set(re.findall(r"self\.(\w+) = (?:Counter|Gauge|Histogram)\(", ast.unparse(own)))
    moved = {
        node.attr
        for tree in trees().values()
        for top in tree.body
        if top is not own
        for node in ast.walk(top)
        if isinstance(node, ast.Attribute)
    }
    assert len(instruments) >= 7
    assert instruments - moved == set(), "nothing counts these: take them out, with their words"
