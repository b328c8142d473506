"""The options of each kind: what its decoder and its poller are told, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import SourceConfig
from engine.errors import Problem
from engine.plan.fields import closest

OPTIONS: dict[str, frozenset[str]] = {
    "meraki-mqtt": frozenset(
        ("topic", "ap_field", "client_field", "rssi_field", "time_field", "radio_field", "band_field")
    ),
    "meraki-scanning-v2": frozenset(("validator",)),
    "meraki-scanning-v3": frozenset(("validator",)),
    "ruckus": frozenset(("ap",)),
    "omada": frozenset(("ap",)),
    "openwrt": frozenset(("ap", "bssid")),
    "espresense": frozenset(("ap",)),
    "esp32": frozenset(("ap",)),
    "radius": frozenset(("columns", "delimiter")),
}
"""What the decoders of these kinds read of `Told.options`; the others read nothing."""

ASKED: dict[str, frozenset[str]] = {
    "unifi": frozenset(("api", "site", "console", "verify")),
    "omada": frozenset(("controller", "site", "verify")),
    "aruba-central": frozenset(("user", "stream")),
}
"""What a source that has a `url` is told besides; any other kind is asked by one GET."""

_ONE_GET = frozenset(("header", "verify"))
_ASK_FIRST = frozenset(("meraki-scanning-v2", "meraki-scanning-v3"))


def option_problems(config: SourceConfig, place: str, file: str) -> Iterator[Problem]:
    """Options that this kind does not have, and those that it cannot do without."""
    known = OPTIONS.get(config.kind, frozenset())
    if config.url is not None:
        known |= ASKED.get(config.kind, _ONE_GET)
    for name in config.options:
        if name not in known:
            fix = closest(name, known) if known else "it has none: remove it"
            yield Problem(file, f"{place}.options.{name}", f"is no option of {config.kind}", fix)
    if config.receiver and config.kind in _ASK_FIRST and not config.options.get("validator"):
        reason = "is missing: Meraki asks for it before it sends anything"
        yield Problem(file, f"{place}.options.validator", reason, "as the dashboard shows it beside the post URL")
