"""Which decoder a SOURCE means, and what it is told: a kind, or a source that config.yaml declares."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.cli.startup import read_config
from engine.errors import OperatorError, Problem
from engine.ingest.decoders.heard import Decoder, Told
from engine.ingest.decoders.kinds import ALIASES, DECODERS
from engine.ingest.sources.declared import SIGNED

SECRETS = ("secret", "access_token", "token")
"""What sources call the word that they prove themselves by."""


def decoder_of(source: str) -> Decoder | None:
    """The decoder of a kind, by its name or another usual one."""
    kind = source.strip().lower()
    return DECODERS.get(ALIASES.get(kind, kind))


def proves_nothing(source: str, config: Path | None) -> bool:
    """Whether messages of this SOURCE carry no proof that a secret could check."""
    kind = source.strip().lower()
    if decoder_of(source) is None:
        kind = next((one.kind for one in read_config(config).sources if one.name == source), kind)
    return ALIASES.get(kind, kind) not in SIGNED


def declared(source: str, config: Path | None) -> tuple[Decoder, Told]:
    """The decoder of a source in `sources:`, and what is told of it there; its secret is not checked where the
    environment lacks it. Raises OperatorError with all kinds where there is no such source either."""
    sources = {one.name: one for one in read_config(config).sources}
    one = sources.get(source)
    decoder = decoder_of(one.kind) if one else None
    if one is None or decoder is None:
        fix = f"a source of config.yaml, or one of {', '.join(sorted(DECODERS))}"
        raise OperatorError([Problem("SOURCE", source, "no such kind, and no such source is declared", fix)])
    return decoder, Told(os.environ.get(one.secret_env or "") or None, dict(one.options))


def told_options(told: Sequence[str]) -> dict[str, str]:
    """`key=value` texts as options. Raises OperatorError for one of another form."""
    pairs = [text.partition("=") for text in told]
    wrong = [Problem("--told", text, "no =", "write key=value") for text in told if "=" not in text]
    if wrong:
        raise OperatorError(wrong)
    return {key.strip(): value for key, _, value in pairs}


def told_secret(variable: str | None, options: Mapping[str, str]) -> str | None:
    """The secret of a variable of the environment, or of the options. Raises OperatorError for an empty variable."""
    if variable is None:
        return next((options[name] for name in SECRETS if name in options), None)
    if not os.environ.get(variable):
        raise OperatorError([Problem("--secret-env", variable, "is not set", "set it to the source's secret")])
    return os.environ[variable]
