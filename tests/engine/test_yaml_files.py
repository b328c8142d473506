"""YAML read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.yaml_files import read_yaml


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_what_is_written(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, "a: [1, 2]\nb: {c: é}\n")) == {"a": [1, 2], "b": {"c": "é"}}


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
