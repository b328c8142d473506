"""Tables of the reference pages: the code's own lists, each line with the hand-written words of `docs/words`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from api.rights import ROLE_RIGHTS, SCOPE_RIGHTS
from docs.from_code import keys
from docs.from_code import vocabulary as code
from docs.from_code.events import example_events
from docs.from_code.scale import coefficient_lines, scale_lines
from engine.indicators.catalogue import PRESETS
from engine.offers.law.rows import ROWS
from engine.plan.materials import FIXTURE_DB, FIXTURE_DB_BY_CATEGORY, WALL_DB
from engine.vocabulary import Right, Role
from engine.yaml_files import read_yaml

WORDS = Path(__file__).parents[1] / "words"


def words(name: str) -> Mapping[str, Any]:
    """The hand-written words of one vocabulary."""
    loaded = read_yaml(WORDS / f"{name}.yaml")  # refuses what is said twice
    assert isinstance(loaded, dict)
    return loaded


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table; bars inside cells are kept from ending them."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _key(name: str) -> str:
    return f"`{name}`"


def _in_code(text: str) -> str:
    """A default as code, where it is one figure or word."""
    return f"`{text}`" if text and text not in ("required", "none") and text[0] not in "[`" else text


def commands() -> str:
    """A section per command: what it is for, what its help says, its parameters."""
    said = words("commands")
    parts = []
    for name, command in code.commands().items():
        rows = ((_key(s), e.default, _plain(e.note)) for s, e in command.parameters)
        parts += [f"## rayon {name}", str(said.get(name, "")), _help(command.help),
                  table(("", "default", ""), rows)]  # fmt: skip
    return "\n\n".join(parts)


def _help(text: str) -> str:
    """The command's own help: rich's marks become code."""
    return re.sub(r"\[bold\](.*?)\[/bold\]", r"`\1`", text, flags=re.DOTALL)


def _plain(text: str) -> str:
    return " ".join(_help(text).split())


def configuration() -> str:
    """A table per section of config.yaml."""
    said, parts = words("configuration"), []
    sections = dict.fromkeys(key.split(".")[0] for key in keys.configuration())
    for section in sections:
        rows = (
            (_key(key.split(".", 1)[1]), _in_code(e.default), e.takes, str(said.get(key, "")))
            for key, e in keys.configuration().items()
            if key.startswith(f"{section}.")
        )
        body = table(("key", "default", "takes", ""), rows) if section not in said else str(said[section])
        parts += [f"## `{section}`", body]
    return "\n\n".join(parts)


def campaigns() -> str:
    """One table of all keys of a campaign."""
    said = words("campaigns")
    rows = (
        (_key(key.removeprefix("campaigns[].")), _in_code(e.default), e.takes, str(said.get(key, "")))
        for key, e in keys.campaigns().items()
    )
    return table(("key", "default", "takes", ""), rows)


def plan() -> str:
    """A table for the plan's own member and one per feature type."""
    said, known = words("plan"), code.plan_properties()
    parts = []
    for kind in dict.fromkeys(key.split(".")[0] for key in known):
        shape = f" Geometry: {known[kind].takes}." if known[kind].takes else ""
        rows = (
            (_key(key.split(".", 1)[1]), _in_code(e.default), str(said.get(key, "")))
            for key, e in known.items()
            if key.startswith(f"{kind}.")
        )
        parts += [f"## `{kind}`", f"{said.get(kind, '')}{shape}", table(("property", "default", ""), rows)]
    return "\n\n".join(parts)


def materials() -> str:
    """Default losses of walls and fixtures."""
    walls = ((_key(name), f"{loss:g}") for name, loss in WALL_DB.items())
    fixtures = (
        (_key(name), f"{loss:g}") for name, loss in {**FIXTURE_DB_BY_CATEGORY, "all others": FIXTURE_DB}.items()
    )
    return table(("material of a wall", "dB"), walls) + "\n\n" + table(("category of a fixture", "dB"), fixtures)


def products() -> str:
    """The columns of products.csv."""
    said = words("products")
    return table(("column", "", ""), ((_key(c), e.default, said.get(c, "")) for c, e in code.product_columns().items()))


def law() -> str:
    """The dated rows of the law on promotions."""
    rows = (
        (
            _key(row.legal_class) if row.legal_class else "empty",
            f"{row.cap_bp / 100:g} %" if row.cap_bp else "may not be promoted",
            str(row.first_day),
            "" if row.last_day is None else str(row.last_day),
            "" if row.overseas else "exempt",
            row.source,
        )
        for row in ROWS
    )
    header = ("`legal_class`", "at most off the price paid", "from", "to", "overseas departments", "source")
    return table(header, rows)


def tables() -> str:
    """A table per offline table."""
    said, parts = words("tables"), []
    for name in code.TABLES:
        rows = (
            (_key(key.split(".")[1]), e.default, e.takes, str(said.get(key, "")))
            for key, e in code.table_columns().items()
            if key.startswith(f"{name}.")
        )
        parts += [f"## {name}", table(("column", "", "", ""), rows)]
    return "\n\n".join(parts)


def routes() -> str:
    """A table per tag of the OpenAPI description."""
    said, parts = words("routes"), []
    for tag in dict.fromkeys(e.takes for e in code.routes().values()):
        rows = ((_key(key), str(said.get(key, ""))) for key, e in code.routes().items() if e.takes == tag)
        parts += [f"## {tag}", table(("", ""), rows)]
    return "\n\n".join(parts)


def rights() -> str:
    """Who may what, and what each right opens."""
    said, opened = words("rights"), code.rights()
    roles = ((_key(role), str(said["roles"].get(role, "")), ", ".join(_key(r) for r in sorted(ROLE_RIGHTS[role])))
             for role in Role)  # fmt: skip
    scopes = ((_key(scope), ", ".join(_key(r) for r in sorted(rights))) for scope, rights in SCOPE_RIGHTS.items())
    rows = (
        (_key(right), str(said["rights"].get(right, "")), "<br>".join(_key(route) for route in opened[right]))
        for right in Right
    )
    return "\n\n".join(
        [
            table(("role", "is for", "rights"), roles),
            table(("scope of a key", "rights"), scopes),
            table(("right", "lets", "routes"), rows),
        ]
    )


def metrics() -> str:
    """All metrics, with their labels."""
    said = words("metrics")
    rows = ((_key(name), e.takes, str(said.get(name, ""))) for name, e in code.metrics().items())
    return table(("metric", "labels", ""), rows)


def topics() -> str:
    """All topics, and who publishes to them."""
    said = words("topics")
    who = {"in": "controllers, agents, simulators", "out": "the engine"}
    rows = ((_key(name), who[e.takes], str(said.get(name, ""))) for name, e in code.topics().items())
    return table(("topic", "published by", ""), rows)


def referees() -> str:
    """The figures of `make accuracy` as the repository keeps them."""
    kept = json.loads((code.ROOT / "tests/accuracy/baseline.json").read_text(encoding="utf-8"))
    names = list(dict.fromkeys(name for figures in kept.values() for name in figures))
    rows = ((run, *(f"{figures[n]:.2f}" if n in figures else "" for n in names)) for run, figures in kept.items())
    return table(("", *(n.replace("_", " ") for n in names)), rows)


_WHERE = {
    "decision": "Decisions on coupons",
    "frame": "Frames that cannot be used",
    "reading": "Readings that cannot be used",
    "record": "What a vendor's system says and that gives nothing",
    "label": "Labels that teach nothing",
    "portal": "Redirects of captive portals without a phone",
    "way_out": "Ways out of a captive portal",
    "let_out": "Phones that asked to be let out",
    "capport": "Answers of a captive portal's API that are not as RFC 8908 wants them",
    "scan": "Scans without a fix",
    "trouble": "Stores that are not live",
    "till": "Codes at the till",
    "voucher": "States of a voucher",
    "delivery_state": "States of a message",
    "delivery": "Why a channel did not bring a message",
    "message": "Of messages that are no coupons: why one went out, waits, or was not said",
    "offer": "Why one product is offered rather than another",
    "share": "Openings of a shared link",
    "hot": "Hot zones",
    "signal": "Signals of an opened link",
    "link": "Links by e-mail",
    "points": "Points of an opened link",
    "earn_wait": "Why points of a purchase wait",
    "review": "Reviews of an opened link",
    "problem": "Problems over HTTP",
}


def reasons() -> str:
    """A table of codes per place where they are met."""
    said, parts = words("reasons"), []
    for where, codes in code.reasons().items():
        rows = ((_key(c), str(said.get(where, {}).get(c, ""))) for c in codes)
        parts += [f"## {_WHERE[where]}", table(("code", ""), rows)]
    return "\n\n".join(parts)


def indicators() -> str:
    """A row for each indicator: how it is worked out, with what thresholds, and what is wrong with it in any store."""
    english = read_yaml(code.ROOT / "api/texts/en.yaml")
    rows = (
        (
            f"{p.name} (`{p.identifier}`, {p.version})",
            f"{p.description} `{p.formula}`" + "".join(f"<br>`{name}` {v:g}" for name, v in p.thresholds.items()),
            p.unit.name.lower(),
            ", ".join(p.groupings),
            ", ".join(source.replace("_", " ") for source in p.sources),
            "<br>".join(english["indicator_biases"][bias] for bias in p.biases),
        )
        for p in PRESETS.values()
    )
    return table(("indicator", "is", "unit", "by", "from", "what is wrong with it"), rows)


def events() -> str:
    """An example of every event, and a table of what is in its data."""
    said, parts = words("events"), []
    for event in example_events():
        body = json.loads(event.payload)
        kind = event.topic.rsplit("/", 1)[1]
        rows = (
            (_key(key.split(".")[1]), e.takes, str(said.get(key, "")))
            for key, e in code.events().items()
            if key.startswith(f"{kind}.")
        )
        parts += [f"### {kind}", f"`{event.topic}`", f"```json\n{json.dumps(body, indent=2)}\n```",
                  table(("`data`", "is", ""), rows)]  # fmt: skip
    return "\n\n".join(parts)


def scenarios() -> str:
    """The scenarios' own README, a level lower."""
    text = (code.ROOT / "simulators/scenarios/README.md").read_text(encoding="utf-8")
    return text.split("\n", 1)[1]


def scale() -> str:
    """What sites of several sizes need."""
    return table(*scale_lines())


def measured() -> str:
    """What that is reckoned with."""
    return table(("what", "figure", "from"), coefficient_lines())


DIRECTIVES: Mapping[str, Callable[[], str]] = {
    f.__name__: f
    for f in (commands, configuration, campaigns, plan, materials, products, law, tables, routes, rights, metrics,
              topics, reasons, indicators, events, referees, scenarios, scale, measured)
}  # fmt: skip
"""What stands on a page between `<!-- from code: NAME -->` and `<!-- end: NAME -->`."""

DIRECTIVE = re.compile(r"^<!-- from code: (\w+) -->\n.*?^<!-- end: \1 -->$", re.MULTILINE | re.DOTALL)


def filled(markdown: str) -> str:
    """A page as the code would have it now. Raises KeyError for a table that the code does not make."""
    return DIRECTIVE.sub(lambda found: _between(found.group(1)), markdown)


def _between(name: str) -> str:
    return f"<!-- from code: {name} -->\n\n{DIRECTIVES[name]().strip()}\n\n<!-- end: {name} -->"
