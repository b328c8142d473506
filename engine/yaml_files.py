"""YAML files as people write them, read strictly: what cannot be read, or stands twice, is named with its line.

A file of one kilobyte can say more than a machine can hold, by anchors that are named again and again, or by brackets
in brackets. So its bytes, its depth and its values, those of every anchor counted as often as it is named, are bounded.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from engine.errors import OperatorError, Problem

MOST_BYTES = 4 * 2**20
MOST_VALUES = 200_000  # some 3,000 campaigns
MOST_DEPTH = 50
MOST_INT_CHARS = 40  # far beyond 64 bits: what a key takes is said by its own bounds
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_KEY_TYPES = (str, int, float, dt.date, type(None))


class _PythonParser(Reader, Scanner, Parser):
    """For a PyYAML that was built without libyaml."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


if TYPE_CHECKING:
    _Parser = _PythonParser
else:
    _Parser = getattr(getattr(yaml, "cyaml", None), "CParser", _PythonParser)


class _Strict(Composer, _Parser, SafeConstructor, Resolver):
    """Refuses a key that stands twice in one mapping, which plain YAML would silently keep the last of; and what is too
    large or too deep, before anything is made of it.

    libyaml finds the words, five times as fast as Python; what they come to is composed here, value by value.
    """

    def __init__(self, stream: str) -> None:
        _Parser.__init__(self, stream)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self._open = 0
        self._weights: dict[yaml.Node, tuple[int, int]] = {}  # (values, depth) of nodes that are complete

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """One value of the file. An anchor that is named before its value is complete stands in itself."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._open += 1
        _refuse(self._open > MOST_DEPTH, f"nested more than {MOST_DEPTH} levels deep", mark)
        is_alias = self.check_event(yaml.AliasEvent)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._open -= 1
        if node is None:
            return None
        _refuse(is_alias and node not in self._weights, "a value that stands in itself", mark)
        if node not in self._weights:
            values, depth = self._weigh(node)
            _refuse(values > MOST_VALUES, f"more than {MOST_VALUES} values, anchors counted as often as named", mark)
            _refuse(depth > MOST_DEPTH, f"nested more than {MOST_DEPTH} levels deep", mark)
            self._weights[node] = (values, depth)
        return node

    def _weigh(self, node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.MappingNode):
            inside = [self._weights[part] for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            inside = [self._weights[part] for part in node.value]
        else:
            return 1, 1
        return 1 + sum(values for values, _ in inside), 1 + max((depth for _, depth in inside), default=0)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value. What reads like a date or a number and is none is a mistake of the file, not of ours."""
        if node.tag in _NUMBERS:
            if ":" in node.value:  # YAML 1.1 counts 22:30 to base 60; who writes it means a time
                return node.value
            as_octal = f"{node.value} begins with 0, which YAML reads to base 8: write it without, or text in quotes"
            _refuse(bool(_OCTAL.fullmatch(node.value)), as_octal, node.start_mark)
            _refuse(len(str(node.value)) > MOST_INT_CHARS, "a whole number that is too large", node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError, LookupError, AttributeError) as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"not a value of {kind}", node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
                seen.add(key.value)
        made = super().construct_mapping(node, deep)
        no_text = not all(isinstance(key, _KEY_TYPES) for key in made)
        _refuse(no_text, "a key that is no text, number or date", node.start_mark)
        return made


def _refuse(wrong: bool, reason: str, mark: yaml.Mark | None) -> None:
    if wrong:
        raise yaml.constructor.ConstructorError(None, None, reason, mark)


def read_yaml(path: Path) -> Any:
    """What the file says. Raises OperatorError where it cannot be read, is not YAML, or says too much."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _problem(path, "(whole file)", error.strerror or str(error), "give a readable file") from error
    return parse_yaml(content, path)


def read_own_yaml(path: Path) -> Any:
    """What a file says that ships with the program, and that tests read strictly: by libyaml, where it is there, in a
    tenth of the time that every start would take."""
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def parse_yaml(content: bytes, path: Path) -> Any:
    """What these bytes say, that came from `path` (or are called so). Raises OperatorError as `read_yaml` does."""
    if len(content) > MOST_BYTES:
        raise _problem(path, "(whole file)", f"larger than {MOST_BYTES // 2**20} MiB", "give a smaller file")
    try:
        return _Strict(content.decode("utf-8")).get_single_data()
    except UnicodeDecodeError as error:
        raise _problem(path, "(whole file)", f"not UTF-8: {error.reason}", "save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "(whole file)"
        reason = f"not YAML: {getattr(error, 'problem', error)}"
        line = mark.line + 1 if mark else None
        raise OperatorError([Problem(str(path), place, reason, code="not_yaml", values={"line": line})]) from error


def add_lines(problems: Sequence[Problem], content: bytes) -> list[Problem]:
    """The same problems with the line of their place in this YAML: of its key, or of the nearest above it."""
    root = _Strict(content.decode("utf-8")).get_single_node()
    return [replace(p, line=_line_of(root, p.place.split("."))) for p in problems]


def _line_of(node: yaml.Node | None, path: Sequence[str]) -> int | None:
    line = None
    for part in path:
        if isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((key, value) for key, value in pairs if str(key.value) == part), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _problem(path: Path, place: str, reason: str, fix: str = "") -> OperatorError:
    return OperatorError([Problem(str(path), place, reason, fix)])
