"""Whatever users meet has hand-written words, and no words are left of what is gone. `docs.from_code.vocabulary` knows
where each list lives in the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from docs.from_code import keys
from docs.from_code import vocabulary as code
from docs.from_code.rewrite import COMMAND, DOCS, stale
from docs.from_code.tables import DIRECTIVE, DIRECTIVES, filled, words
from tests.docs.pages import ROOT, files_named, names_used, pages, text

VOCABULARIES: dict[str, Callable[[], Mapping[str, Any]]] = {
    "commands": code.commands,
    "configuration": keys.configuration,
    "campaigns": keys.campaigns,
    "plan": code.plan_properties,
    "products": code.product_columns,
    "tables": code.table_columns,
    "routes": code.routes,
    "metrics": code.metrics,
    "topics": code.topics,
    "events": code.events,
}
LEAST = {"commands": 15, "configuration": 40, "campaigns": 40, "plan": 25, "products": 8, "tables": 50, "routes": 40,
         "metrics": 20, "topics": 6, "events": 25}  # fmt: skip
"""Fewer means that the adapter no longer finds what it looks for."""


def wordless(known: Mapping[str, Any], said: Mapping[str, Any], file: str) -> list[str]:
    """Names without a sentence of their own in a file of words, and sentences whose name is gone."""
    where = f"docs/words/{file}.yaml"
    silent = [
        f"no words for {name}: write some in {where}" for name in known if len(str(said.get(name) or "").split()) < 2
    ]
    copied = [
        f"the words for {name} in {where} only say its name" for name in known if _only_its_name(name, said.get(name))
    ]
    gone = [f"words for {name} in {where}, which is gone: take them out" for name in said if name not in known]
    return [*silent, *copied, *gone]


def _only_its_name(name: str, said: object) -> bool:
    plain = name.split(".")[-1].replace("_", " ").lower()
    return str(said or "").strip(" .").lower() == plain


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_name_has_words(name: str) -> None:
    known = VOCABULARIES[name]()
    assert len(known) >= LEAST[name]
    assert wordless(known, words(name), name) == []


def test_a_key_of_some_kinds_of_offer_only_says_of_which() -> None:
    defaults = {key: entry.default for key, entry in keys.campaigns().items()}
    assert defaults["campaigns[].offer.kind"] == "required"
    assert defaults["campaigns[].offer.amount_minor"] == "`amount`: required"
    assert defaults["campaigns[].offer.basis_points"] == "`percent`: required; `buy_x_get_y`: 10000"


LABELS = frozenset(
    {
        *("store", "reason", "receiver", "outcome", "route", "method", "status", "channel", "source", "state"),
        *("node", "shard"),
    }
)
"""By what metrics may be told apart: never by `device`, `mac`, `shopper` or any other word for one person."""


def test_no_metric_is_told_by_who_it_was() -> None:
    labels = {name: set(filter(None, entry.takes.split(", "))) for name, entry in code.metrics().items()}
    wrong = {name: sorted(own - LABELS) for name, own in labels.items() if own - LABELS}
    assert wrong == {}, "one that names no person is written into LABELS of this file; all others have to go"


@pytest.mark.parametrize("where", code.reasons())
def test_every_reason_has_words(where: str) -> None:
    known = code.reasons()[where]
    assert len(known) >= 3
    assert wordless(known, words("reasons")[where], "reasons") == []
    assert set(words("reasons")) == set(code.reasons())


def test_a_name_without_words_is_found() -> None:
    """The test above would fail for a key that somebody adds, and for one that somebody takes away."""
    known = {"here": 1, "silent": 1, "dwell_s": 1}
    assert wordless(known, {"here": "Stands here.", "dwell_s": "Dwell s.", "old": "Was there once."}, "plan") == [
        "no words for silent: write some in docs/words/plan.yaml",
        "the words for dwell_s in docs/words/plan.yaml only say its name",
        "words for old in docs/words/plan.yaml, which is gone: take them out",
    ]


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{name} {spelling}"
        for name, command in code.commands().items()
        for spelling, entry in command.parameters
        if not entry.note
    ]
    assert silent == []
    assert all(command.help for command in code.commands().values())


def test_every_command_shows_how_it_is_called() -> None:
    silent = [name for name, command in code.commands().items() if not shows_itself(name, command.help)]
    assert silent == [], "write `Example: rayon ...` into the docstring or help of the command, as a user would type it"


def shows_itself(name: str, said: str) -> bool:
    return re.search(rf"\bExamples?\b.*\brayon\s+{name}(?![\w-])", said, re.DOTALL) is not None


def test_help_without_an_example_is_found() -> None:
    assert shows_itself("plan check", "Checks.\n\nExample: [bold]rayon plan check shop[/bold]")
    assert not shows_itself("plan check", "Checks, as rayon plan check shop does.")
    assert not shows_itself("plan check", "Example: rayon plan check-all")


def test_every_table_from_the_code_stands_on_exactly_one_page() -> None:
    asked = [name for page in pages() for name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))]
    assert sorted(asked) == sorted(DIRECTIVES)


def test_tables_on_pages_are_what_the_code_gives_now() -> None:
    changed = [str(page.relative_to(DOCS.parent)) for page in stale()]
    assert changed == [], f"run {COMMAND} and commit {', '.join(changed)}"


def test_a_table_that_the_code_no_longer_gives_is_found_and_mended() -> None:
    page = (DOCS / "reference/products.md").read_text(encoding="utf-8")
    for old in (page.replace("| `sku` |", "| `code` |"), re.sub(r"^\| .*\n", "", page, flags=re.MULTILINE)):
        assert old != page
        assert filled(old) == page


def test_every_name_is_on_a_page() -> None:
    """Not in a file of words alone: in what readers get."""
    read = "\n".join(text(page) for page in pages())
    missing = [name for known in VOCABULARIES.values() for name in known() if not _shown(name, read)]
    missing += [code_ for codes in code.reasons().values() for code_ in codes if f"`{code_}`" not in read]
    assert missing == []


def _shown(name: str, read: str) -> bool:
    spellings = (name, name.removeprefix("campaigns[]."), *_tails(name))
    return any(f"`{s}`" in read or f"## rayon {s}\n" in read for s in spellings)


def _tails(name: str) -> Iterator[str]:
    if "." in name and "/" not in name:
        yield name.split(".", 1)[1]


def test_variables_of_the_environment_are_documented() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    code_ = "\n".join(p.read_text(encoding="utf-8") for room in ("engine", "api") for p in (ROOT / room).rglob("*.py"))
    used = set(code.ENVIRONMENT.findall(code_))
    assert len(used) >= 6
    assert {name for name in used if f"`{name}`" not in page} == set()


def test_files_that_pages_name_exist() -> None:
    missing = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages()
        if page.name != "CHANGELOG.md"  # it may name what was
        for name in files_named(page)
        if not any((folder / name).exists() for folder in (ROOT, page.parent))
    ]
    assert missing == []


def test_names_of_the_code_that_guides_use_exist() -> None:
    written = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("api", "engine", "simulators", "tests")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".yaml", ".html")
    )
    known = set(re.findall(r"\w+", written))
    guides = [page for folder in ("guides", "architecture") for page in (ROOT / "docs" / folder).glob("*.md")]
    names = {(page.name, name) for page in guides for name in names_used(page)}
    assert len(names) >= 20
    assert [(page, name) for page, name in sorted(names) if not set(name.split(".")) <= known] == []
