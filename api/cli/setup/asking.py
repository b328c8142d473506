"""Questions on a terminal: a default in brackets, and a wrong answer asked again with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from engine.errors import OperatorError

T = TypeVar("T")


class WrongAnswer(ValueError):
    """An answer that cannot be used: why, in words for whoever typed it."""


def ask(question: str, read: Callable[[str], T], default: str = "", *, hidden: bool = False) -> T:
    """What `read` makes of the answer. It raises WrongAnswer or OperatorError for one that is asked again.

    Raises typer.Abort on Ctrl-C and where the input ends.
    """
    while True:
        text = typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden)
        try:
            return read(text.strip())
        except WrongAnswer as wrong:
            say(f"  {wrong}")
        except OperatorError as error:
            for problem in error.problems:
                say(f"  {problem.reason}" + (f" ({problem.fix})" if problem.fix else ""))


def ask_text(question: str, default: str = "", *, hidden: bool = False) -> str:
    """Any text, which may be empty where there is no default."""
    return ask(question, lambda text: text, default, hidden=hidden)


def ask_yes(question: str, *, default: bool) -> bool:
    """Yes or no."""
    known = {"y": True, "yes": True, "n": False, "no": False}

    def read(text: str) -> bool:
        if text.casefold() not in known:
            raise WrongAnswer("y or n")
        return known[text.casefold()]

    return ask(f"{question} (y/n)", read, "y" if default else "n")


def ask_one_of(question: str, names: Sequence[str], default: str) -> str:
    """One of `names`, or its number from 1."""

    def read(text: str) -> str:
        if text.isdigit() and 1 <= int(text) <= len(names):
            return names[int(text) - 1]
        if text.casefold() not in names:
            raise WrongAnswer(f"one of {', '.join(names)}")
        return text.casefold()

    return ask(question, read, default)


def say(text: str = "") -> None:
    """A line for whoever answers."""
    typer.echo(text)
