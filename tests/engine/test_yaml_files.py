"""YAML read strictly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.yaml_files import _PythonParser, _Strict, parse_yaml, read_yaml
from tests.clocks import patience_s


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_what_is_written(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, "a: [1, 2]\nb: {c: é}\n")) == {"a": [1, 2], "b": {"c": "é"}}


def test_a_time_of_day_without_quotes_is_text_and_no_number_to_base_60(tmp_path: Path) -> None:
    text = "from: 22:30\nto: 6:00\nminutes: 1:30.5\nn: -12\nx: 1_000\nnone: 0\n"
    read = {"from": "22:30", "to": "6:00", "minutes": "1:30.5", "n": -12, "x": 1000, "none": 0}
    assert read_yaml(written(tmp_path, text)) == read


def test_anchors_may_be_merged_and_overridden(tmp_path: Path) -> None:
    text = "base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}\n"
    assert read_yaml(written(tmp_path, text))["more"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1", "'a' stands twice"),
        ("x:\n  a: 1\n  a: 1\n", "line 3, column 3", "'a' stands twice"),
        ("a: [\n", "line 2, column 1", "not YAML"),
        (b"a: \xff\n", "(whole file)", "not UTF-8"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1, column 4", "not YAML"),
        ("a:\n  max_vouchers: 0100\n", "line 2, column 17", "0100 begins with 0, which YAML reads to base 8"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str | bytes, place: str, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        read_yaml(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.place == place
    assert reason in problem.reason


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"none\.yaml: \(whole file\): No such file"):
        read_yaml(tmp_path / "none.yaml")


def bomb(levels: int = 10) -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * 9) + "]"]
    lines += [f"a{k}: &a{k} [" + ", ".join([f"*a{k - 1}"] * 9) + "]" for k in range(1, levels)]
    return "\n".join(lines)


def chain(levels: int = 200) -> str:
    return "\n".join(["a0: &a0 [x]", *(f"a{k}: &a{k} [*a{k - 1}]" for k in range(1, levels))])


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (bomb(), "line 6, column 5", "more than 200000 values"),
        (chain(), "line 50, column 6", "nested more than 50 levels deep"),
        ("[" * 5000, "line 1, column 51", "nested more than 50 levels deep"),
        ("a: " + "9" * 5000, "line 1, column 4", "a whole number that is too large"),
        ("a: 0x" + "f" * 5000, "line 1, column 4", "a whole number that is too large"),
        ("&a\nversion: 1\ncampaigns: *a", "line 3, column 12", "a value that stands in itself"),
        ("a: &a [*a]", "line 1, column 8", "a value that stands in itself"),
        ("a: 2026-02-31", "line 1, column 4", "not a value of timestamp"),
        ("a: 0x_", "line 1, column 4", "not a value of int"),
        ("a: !!bool maybe", "line 1, column 4", "not a value of bool"),
        ("a:\n  !!binary eA==: 1", "line 2, column 3", "a key that is no text"),
    ],
)
def test_what_says_too_much_is_refused_in_a_sentence(tmp_path: Path, text: str, place: str, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        read_yaml(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert reason in problem.reason
    assert problem.place == place


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="larger than 4 MiB"):
        read_yaml(written(tmp_path, "#" * (4 * 2**20 + 1)))


def test_anchors_may_be_named_again_within_the_bounds(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, "a: &a {x: 1}\nb: [*a, *a]\n"))["b"] == [{"x": 1}, {"x": 1}]


WITHOUT_LIBYAML = """
import sys
sys.modules["yaml._yaml"] = None
import subprocess
import sys
from pathlib import Path
from engine.yaml_files import _PythonParser, _Strict, parse_yaml
assert issubclass(_Strict, _PythonParser)
print(parse_yaml(b"a: [1, {b: c}]", Path("x")))
"""


def test_a_file_reads_the_same_where_python_finds_the_words() -> None:
    assert not issubclass(_Strict, _PythonParser)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBYAML], capture_output=True, text=True, timeout=patience_s(60)
    )
    assert done.stdout.strip() == str(parse_yaml(b"a: [1, {b: c}]", Path("x"))), done.stderr
