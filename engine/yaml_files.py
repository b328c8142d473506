"""YAML files as people write them, read strictly: what cannot be read, or stands twice, is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from engine.errors import OperatorError, Problem


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; plain YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """What the file says. Raises OperatorError where it cannot be read or is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Strict)
    except OSError as error:
        raise _problem(path, "(whole file)", error.strerror or str(error), "give a readable file") from error
    except UnicodeDecodeError as error:
        raise _problem(path, "(whole file)", f"not UTF-8: {error.reason}", "save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "(whole file)"
        raise _problem(path, place, f"not YAML: {getattr(error, 'problem', error)}") from error


def _problem(path: Path, place: str, reason: str, fix: str = "") -> OperatorError:
    return OperatorError([Problem(str(path), place, reason, fix)])
