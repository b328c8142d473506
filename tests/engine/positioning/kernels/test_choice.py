"""Which loops compute is decided once, numpy where numba cannot, and the log says what a start waits for."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
from types import ModuleType

import pytest

from engine.positioning.kernels import choice
from engine.positioning.kernels.choice import kernels, kernels_in_words, numpy_alone

pytest.importorskip("numba", reason="the extra `fast` is not installed")


def test_who_asks_for_numpy_gets_it() -> None:
    assert choice._choose("numpy") is None
    assert choice._choose("") is kernels()
    assert kernels_in_words().startswith("numba ")
    with numpy_alone():
        assert kernels_in_words() == "numpy"


def test_with_nowhere_to_keep_what_was_compiled_numpy_computes_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_place(name: str) -> ModuleType:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(importlib, "import_module", no_place)
    monkeypatch.setattr(choice, "_chosen", [])
    with caplog.at_level(logging.WARNING):
        assert kernels() is None
        assert kernels() is None
    assert [record.getMessage().count("no locator available") for record in caplog.records] == [1]


def test_that_it_compiles_is_said_once_and_not_of_what_is_found(caplog: pytest.LogCaptureFixture) -> None:
    numba = importlib.import_module("numba")
    with caplog.at_level(logging.INFO), choice._say_before_compiling():
        importlib.import_module(choice.COMPILED)
        assert caplog.text == ""
        for _ in range(2):
            numba.njit("i8(i8)")(lambda i: i + 1)
    assert caplog.text.count("numba compiles the hot path") == 1


def test_who_asks_first_is_told_instead_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A command on a fresh tree: its first locator took half a minute without a word."""
    numba, given, said = importlib.import_module("numba"), importlib.import_module, list[str]()

    def compiles(name: str) -> ModuleType:
        if name == choice.COMPILED:
            numba.njit("i8(i8)")(lambda i: i + 2)
        return given(name)

    monkeypatch.setattr(importlib, "import_module", compiles)
    monkeypatch.setattr(choice, "_chosen", [])
    with caplog.at_level(logging.INFO):
        kernels(said.append)
        kernels(said.append)
    assert said == ["numba compiles the hot path: some twenty seconds, at this start only"]
    assert caplog.text == ""


FRESH = """
from engine.positioning.kernels.choice import kernels
found = kernels()
given = [f.stats for f in vars(found).values() if hasattr(f, "stats") and f.nopython_signatures]
print(len(given) > 9, all(s.cache_hits for s in given), any(s.cache_misses for s in given))
"""


def test_a_second_start_compiles_nothing() -> None:
    assert kernels() is not None
    done = subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True True False"


HELP = """
import sys
from api.cli.main import main
sys.argv = ["rayon", "--help"]
try:
    main()
except SystemExit:
    pass
sys.exit("numba" in sys.modules)
"""


def test_help_needs_no_numba() -> None:
    subprocess.run([sys.executable, "-c", HELP], check=True, capture_output=True)


def test_it_is_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_chosen", [])
    monkeypatch.setenv(choice.VARIABLE, "numpy")
    assert kernels() is None
    monkeypatch.setenv(choice.VARIABLE, "")
    assert kernels() is None
    monkeypatch.setattr(choice, "_chosen", [])
    assert kernels() is importlib.import_module(choice.COMPILED)


def test_without_numba_numpy_computes_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is an extra: who has not installed it was not promised anything."""
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert choice._choose("") is None
    assert caplog.text == ""


def test_within_numpy_alone_numpy_computes_and_after_it_what_did_before() -> None:
    before = kernels()
    assert before is not None
    with numpy_alone():
        with numpy_alone():
            assert kernels() is None
        assert kernels() is None
    assert kernels() is before
    with pytest.raises(ValueError, match="within"), numpy_alone():
        raise ValueError("within")
    assert kernels() is before
