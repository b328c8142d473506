"""Typer groups that import a command's module when the command is run, not before: their help needs a line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from api.cli.inputs import check_all


@dataclass(frozen=True, slots=True)
class Listed:
    """A command that is not imported yet: the module whose `register` adds it to an application, the first line of its
    description, and the heading it is listed under where that is not `Commands`."""

    module: str
    help: str
    panel: str | None = None


class LazyCommand(TyperCommand):
    """Stands in a group's help for the command of its name, and becomes that command as soon as arguments are read."""

    def __init__(self, name: str, listed: Listed) -> None:
        super().__init__(name, help=listed.help, rich_markup_mode="rich", rich_help_panel=listed.panel)
        self._module = listed.module

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Of the command itself, which runs from here on."""
        return self.load().make_context(info_name, args, parent=parent, **extra)

    def load(self) -> Any:
        """The command that this one stands for."""
        return collect_commands(import_module(self._module).register)[str(self.name)]


class LazyGroup(TyperGroup):
    """A group whose commands are those of its `table`."""

    table: ClassVar[Mapping[str, Listed]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: LazyCommand(name, listed) for name, listed in self.table.items()}


def collect_commands(register: Any) -> dict[str, Any]:
    """The commands, by name, that this function adds to an application that it is given; what they are given is checked
    as it is read."""
    app = typer.Typer(rich_markup_mode="rich")
    register(app)
    return dict(check_all(get_group(app)).commands)
