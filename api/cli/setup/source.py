"""The source: which system the shop has, how it comes, and what to type into its console."""

from __future__ import annotations

import re
import secrets as randomness
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from api.cli.setup.asking import WrongAnswer, ask, ask_one_of, ask_yes, say
from api.cli.setup.files import CONFIG, EnvFile, add_source, plain_secret, source_text
from api.cli.setup.kinds import GIVEN, MADE, OFFERED, Offered
from engine.config import Config, MapConfig, SourceConfig
from engine.errors import OperatorError
from engine.ingest.decoders.heard import Told
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.sources.declared import Source, declare
from engine.ingest.sources.topics import topic_problem
from engine.plan.model import Plan
from engine.wording import validation_problems

NATIVE = "native"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_URL = re.compile(r"(https?|wss?)://\S+")


def choose_source(folder: Path, config: Config, plan: Plan, env: EnvFile) -> Source:
    """A source of the store that is declared already, or one that is asked for and written."""
    there = [source for source in config.sources if plan.store in source.stores]
    if there:
        say(f"Sources of {plan.store}: {', '.join(f'{s.name} ({s.kind})' for s in there)}.")
        if not ask_yes("Add another one", default=False):
            names = [source.name for source in there]
            name = names[0] if len(names) == 1 else ask_one_of("Listen to which", names, names[0])
            return _declare(next(s for s in there if s.name == name), plan, env.values)
    return _new_source(folder, config, plan, env)


def _new_source(folder: Path, config: Config, plan: Plan, env: EnvFile) -> Source:
    kind = _ask_kind()
    offered = OFFERED[kind]
    say(f"{kind} says {offered.says}.")
    if kind == NATIVE:
        _show_console(offered, config, f"rayon/{plan.store}/readings/NAME", "", "")
        return _native(plan)
    taken = [source.name for source in config.sources]
    name = ask("Name of this source", lambda text: _source_name(text, taken), _free_name(kind, taken))
    said = _ask_config(kind, offered, name, plan)
    new_secret = _ask_secret(said, offered, env)
    source = _declare(said, plan, env.values)
    _show_console(offered, config, said.topic or "", f"{_site(config)}/in/{name}", new_secret)
    if add_source(folder / CONFIG, said):
        say(f"{folder / CONFIG}: {name} added.")
    else:
        say(f"{folder / CONFIG} is written in a way that cannot be added to. Put this under sources: yourself:")
        say(source_text(said))
    return source


def _ask_kind() -> str:
    names = list(OFFERED)
    say("Systems:")
    for i, name in enumerate(names, 1):
        say(f"  {i:2d} {name:19s} {OFFERED[name].title}")
    return ask_one_of("Which one (name or number)", names, "meraki-mqtt")


def _ask_config(kind: str, offered: Offered, name: str, plan: Plan) -> SourceConfig:
    topic = url = None
    if offered.way == "topic":
        topic = ask("MQTT topic, + for one part and # for the rest", _topic, offered.topic.format(store=plan.store))
    elif offered.way == "url":
        url = ask("Its address", _url, offered.url)
    options = {key: ask(question, partial(_option, key)) for key, question in offered.options}
    try:
        return SourceConfig(
            name=name,
            kind=kind,
            stores=(plan.store,),
            topic=topic,
            url=url,
            receiver=offered.way == "receiver",
            secret_env="SECRET_OF_" + name.upper().replace("-", "_") if offered.secret else None,
            options={key: value for key, value in options.items() if value},
            maps=_maps(offered, plan),
        )
    except ValidationError as error:
        raise OperatorError(validation_problems(error, CONFIG)) from error


def _option(key: str, text: str) -> str:
    if key == "validator" and not text:
        raise WrongAnswer("Meraki asks for it before it sends anything; the dashboard shows it beside the post URL")
    return text


def _maps(offered: Offered, plan: Plan) -> tuple[MapConfig, ...]:
    """Any map of the source is the store's level, where it has one alone; more are to be told apart by hand."""
    if not offered.maps:
        return ()
    level = plan.levels[0]
    if len(plan.levels) > 1:
        say(f"Its maps: any counts as level {level.id}; add the others under maps in {CONFIG}.")
    depth_m = round(level.polygon.bounds[3], 2)
    return (MapConfig(map="*", level=level.id, y_down=offered.y_down, height_m=depth_m if offered.y_down else 0.0),)


def _ask_secret(source: SourceConfig, offered: Offered, env: EnvFile) -> str:
    """Makes or asks for the secret and writes it down. One that was made now, so that it can be shown this once."""
    variable = source.secret_env
    if variable is None:
        return ""
    if variable in env.values:
        say(f"Its secret stands in {env.path} already, as {variable}.")
        return ""
    made = randomness.token_urlsafe(24) if offered.secret == MADE else ""
    given = ask(offered.secret_is, _some_secret, hidden=True) if offered.secret == GIVEN else ""
    env.add({variable: made or given})
    return made


def _show_console(offered: Offered, config: Config, topic: str, url: str, secret: str) -> None:
    broker = f"{config.mqtt.host}:{config.mqtt.port}"
    said = {"broker": broker, "topic": topic, "url": url, "secret": secret or "(as the secrets' file has it)"}
    say(f"To type into its console (docs/reference/sources/{offered.page}.md says more)."
        if offered.page != "mqtt" else "How it is told (docs/reference/mqtt.md says more).")  # fmt: skip
    for line in offered.console:
        say(f"  {line.format(**said)}")
    if secret:
        say("  The secret is shown this once.")
    if "{broker}" in "".join(offered.console) and config.mqtt.host in ("127.0.0.1", "localhost"):
        say("  For other machines the broker's address is this machine's own, and it has to listen there.")


def _declare(source: SourceConfig, plan: Plan, values: Mapping[str, str]) -> Source:
    return next(iter(declare([source], {plan.store: plan}, values)))


def _native(plan: Plan) -> Source:
    """Rayon's own topics need no declaration; this one is for listening only."""
    config = SourceConfig(name=NATIVE, kind=NATIVE, stores=(plan.store,), topic=f"rayon/{plan.store}/readings/+")
    return Source(NATIVE, NATIVE, DECODERS[NATIVE], Told(), (plan.store,), config, 0.0)


def _site(config: Config) -> str:
    return config.api.public_url or "https://YOUR-SITE"


def _free_name(kind: str, taken: list[str]) -> str:
    return next(name for name in (kind, *(f"{kind}-{i}" for i in range(2, 1000))) if name not in taken)


def _source_name(text: str, taken: list[str]) -> str:
    if not _NAME.fullmatch(text):
        raise WrongAnswer("small letters, digits, - and _, a letter or digit first")
    if text in taken:
        raise WrongAnswer(f"{text} is there already")
    return text


def _topic(text: str) -> str:
    problem = topic_problem(text, "", "") if text else None
    if not text or problem is not None:
        raise WrongAnswer(f"{problem.reason}: {problem.fix}" if problem else "a topic, please")
    return text


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise WrongAnswer("an address that begins with https://")
    return text


def _some_secret(text: str) -> str:
    if not text:
        raise WrongAnswer("without it the source does not answer")
    return plain_secret(text)
