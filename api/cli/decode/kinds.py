"""Which decoder a SOURCE means, and what it is told: a kind, or a source that config.yaml declares."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.cli.startup import read_config
from engine.errors import OperatorError, Problem
from engine.ingest.decoders.clouds.meraki_mqtt import MerakiFields
from engine.ingest.decoders.heard import Told
from engine.ingest.decoders.kinds import ALIASES, DECODERS

SECRETS = ("secret", "access_token", "token")
"""What sources call the word that they prove themselves by."""


TELLABLE: Mapping[str, tuple[str, ...]] = {
    "meraki-mqtt": ("topic", *(f"{name}_field" for name in MerakiFields._fields)),
    "meraki-scanning-v2": ("validator",),
    "meraki-scanning-v3": ("validator",),
    "omada": ("ap",),
    "ruckus": ("ap",),
    "openwrt": ("ap", "interface", "bssid"),
    "espresense": ("ap",),
    "esp32": ("ap",),
    "radius": ("columns", "delimiter"),
}
"""What the decoder of a kind may be told beside its secret and the time."""


def kind_of(source: str) -> str | None:
    """A kind, by its name or another usual one."""
    kind = source.strip().lower()
    kind = ALIASES.get(kind, kind)
    return kind if kind in DECODERS else None


def find_declared(source: str, config: Path | None) -> tuple[str, Told]:
    """The kind of a source in `sources:`, and what is told of it there; its secret is not checked where the
    environment lacks it. Raises OperatorError with all kinds where there is no such source either."""
    sources = {one.name: one for one in read_config(config).sources}
    one = sources.get(source)
    kind = kind_of(one.kind) if one else None
    if one is None or kind is None:
        fix = f"a source of config.yaml, or one of {', '.join(sorted(DECODERS))}"
        raise OperatorError([Problem("SOURCE", source, "no such kind, and no such source is declared", fix)])
    return kind, Told(os.environ.get(one.secret_env or "") or None, dict(one.options))


def told_options(told: Sequence[str]) -> dict[str, str]:
    """`key=value` texts as options. Raises OperatorError for one of another form."""
    pairs = [text.partition("=") for text in told]
    wrong = [Problem("--told", text, "no =", "write key=value") for text in told if "=" not in text]
    if wrong:
        raise OperatorError(wrong)
    return {key.strip(): value for key, _, value in pairs}


def unheard(kind: str, options: Mapping[str, str]) -> list[str]:
    """A sentence for every key that no decoder of this kind looks at: it is told in vain."""
    known = (*TELLABLE.get(kind, ()), *SECRETS, "now")
    return [
        f"--told {key}: {kind} is told no such thing, but {', '.join(known)}" for key in options if key not in known
    ]


def told_secret(variable: str | None, options: Mapping[str, str]) -> str | None:
    """The secret of a variable of the environment, or of the options. Raises OperatorError for an empty variable."""
    if variable is None:
        return next((options[name] for name in SECRETS if name in options), None)
    if not os.environ.get(variable):
        raise OperatorError([Problem("--secret-env", variable, "is not set", "set it to the source's secret")])
    return os.environ[variable]
