"""What setup writes: whole files or none, secrets for their owner only, `config.yaml` added to and not redone."""

from __future__ import annotations

import json
import os
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from api.cli.setup.asking import WrongAnswer
from engine.config import Config, SourceConfig, load_config, parse_config
from engine.errors import OperatorError, Problem

CONFIG, ENV = "config.yaml", "rayon.env"
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@%+=^-]+")
_ENV_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_ENV_HEAD = "# Secrets of this site, for its owner only. In a terminal: set -a; . ./rayon.env; set +a\n"
_CONFIG_HEAD = """\
# This site's configuration, begun by rayon setup. Keys that are not here have their usual values.
# Secrets are not here but in rayon.env.

"""


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes a file under another name and puts it in place when it is whole. Raises OperatorError."""
    draft = path.with_name(f".{path.name}-{randomness.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError([Problem(str(path), "(whole file)", error.strerror or str(error))]) from error


def plain_secret(text: str) -> str:
    """A secret that a shell, a service manager and a container read alike. Raises WrongAnswer."""
    if not _PLAIN.fullmatch(text):
        raise WrongAnswer(
            "letters, digits and . , : / @ % + = ^ _ - only: a shell and a service read others differently"
        )
    return text


class EnvFile:
    """The variables of `rayon.env`, in their order. What is there already is never changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._text = path.read_text(encoding="utf-8") if path.exists() else _ENV_HEAD
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError([Problem(str(path), "(whole file)", f"cannot be read: {error}")]) from error
        found = (_ENV_LINE.fullmatch(line.strip()) for line in self._text.splitlines())
        self.values = {line[1]: line[2].strip("\"'") for line in found if line}

    def add(self, values: Mapping[str, str]) -> list[str]:
        """Writes those that are not there yet; their names."""
        new = {name: value for name, value in values.items() if name not in self.values}
        if new:
            text = self._text if self._text.endswith("\n") else f"{self._text}\n"
            self._text = text + "".join(f"{name}={value}\n" for name, value in new.items())
            write_whole(self.path, self._text, 0o600)
            self.values |= new
        return list(new)


def config_text(broker: Mapping[str, Any], pages: Mapping[str, Any], controller: Mapping[str, Any]) -> str:
    """A new `config.yaml`; without a section of which nothing is said."""
    said_of = (("mqtt", broker), ("api", pages), ("controller", controller))
    sections = [f"{name}:\n{_lines(said)}" for name, said in said_of if said]
    return _CONFIG_HEAD + "\n".join(sections)


def add_source(path: Path, source: SourceConfig) -> bool:
    """Adds a source to a `config.yaml`, whose comments and other lines stay. False, and nothing is written, where its
    lines are written in another way than one below the other."""
    text = path.read_text(encoding="utf-8")
    added = _with_source(text if text.endswith("\n") else f"{text}\n", source_text(source))
    before = load_config(path)
    wanted = before.model_copy(update={"sources": (*before.sources, source)})
    if added is None or not _says(added, wanted, str(path)):
        return False
    write_whole(path, added)
    return True


def source_text(source: SourceConfig) -> str:
    """The lines of a source under `sources:`."""
    said = source.model_dump(mode="json", exclude_defaults=True)
    first, *others = _lines(said).splitlines()
    return "\n".join([f"  - {first.strip()}", *(f"  {line}" for line in others)]) + "\n"


def _with_source(text: str, lines: str) -> str | None:
    found = re.search(r"^sources:[ \t]*(\[\])?[ \t]*(#.*)?$", text, re.MULTILINE)
    if found is None:
        return None if re.search(r"^sources:", text, re.MULTILINE) else f"{text}\nsources:\n{lines}"
    end = re.compile(r"^\S", re.MULTILINE).search(text, found.end() + 1)
    at = end.start() if end else len(text)
    head = text[: found.start()] + "sources:" + (f" {found[2]}" if found[2] else "") + text[found.end() : at]
    return head.rstrip("\n") + "\n" + lines + ("\n" + text[at:] if end else "")


def _says(text: str, wanted: Config, name: str) -> bool:
    try:
        return sorted(parse_config(yaml.safe_load(text), name).sources, key=str) == sorted(wanted.sources, key=str)
    except (OperatorError, yaml.YAMLError):
        return False


def _lines(said: Mapping[str, Any]) -> str:
    return "".join(f"  {key}: {_value(value)}\n" for key, value in said.items())


def _value(value: Any) -> str:
    """JSON in one line, which is YAML; lists and mappings of a line too."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
