"""The shop systems of `sources:`, checked: each with its decoder, its secret and what it was told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from engine.config import SourceConfig
from engine.errors import Problem
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.checks import refuse_future
from engine.ingest.shops.heard import Digest, ShopDecoded, ShopTold
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.ingest.shops.signatures import CHECKS, DELIVERY_HEADERS, SIGNATURE_HEADERS
from engine.ingest.shops.woocommerce import PING
from engine.ingest.sources.shown_keys import shows_key
from engine.plan.currencies import CURRENCIES
from engine.plan.fields import closest
from engine.vocabulary import OrderState

OPTIONS = ("currency", "currencies", "timezone", "places", "states")
"""What a shop's source may be told. The last three and `currencies` are pairs: `theirs=ours, theirs=ours`."""
_LOCAL_TIMES = frozenset(("prestashop", "receipts-csv"))
"""Kinds whose times have no zone: theirs has to be told."""


@dataclass(frozen=True, slots=True, repr=False)
class ShopSource:
    """One shop system, ready to be listened to."""

    name: str
    kind: str
    stores: tuple[str, ...]
    secret: str | None
    told: ShopTold
    config: SourceConfig

    @property
    def signed(self) -> bool:
        """Whether its messages prove themselves; others come with the source's key."""
        return self.kind in CHECKS

    def may_speak(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers (lower-case names) is worth reading at all."""
        if self.signed:
            return bool(headers.get(SIGNATURE_HEADERS[self.kind]))
        return shows_key(headers, self.secret)

    def is_ping(self, body: bytes) -> bool:
        """Whether this is how WooCommerce tries a new webhook: unsigned, and it says nothing."""
        return self.kind == "woocommerce" and PING.fullmatch(body) is not None

    def check(self, message: VendorMessage) -> None:
        """Checks the signature, where the kind signs and the secret is known. Raises MessageRefused."""
        if self.signed and self.secret is not None:
            CHECKS[self.kind](message, self.secret)

    def decode(self, message: VendorMessage) -> ShopDecoded:
        """What it says. Raises MessageRefused, and nothing else."""
        decoded = SHOP_DECODERS[self.kind](message, self.told)
        refuse_future(decoded, message.received_at)
        return decoded

    def delivery(self, message: VendorMessage) -> bytes:
        """By what this delivery is known when it comes again: its number, and its body."""
        number = message.headers.get(DELIVERY_HEADERS.get(self.kind, ""), "")
        return number.encode() + b"\0" + message.body

    def __repr__(self) -> str:
        return f"ShopSource({self.name}, {self.kind})"


def declare_shops(
    configs: Sequence[SourceConfig], stores: Collection[str], environ: Mapping[str, str], digest: Digest
) -> dict[str, ShopSource]:
    """Those of the stores that are served here, by name; `declare` has found nothing wrong with them."""
    return {
        config.name: ShopSource(
            config.name,
            config.kind,
            tuple(store for store in config.stores if store in stores),
            environ.get(config.secret_env or "") or None,
            read_shop_options(config, digest),
            config,
        )
        for config in configs
        if config.kind in SHOP_DECODERS and set(config.stores) & set(stores)
    }


def read_shop_options(config: SourceConfig, digest: Digest) -> ShopTold:
    """What the options say."""
    options = config.options
    return ShopTold(
        config.name,
        digest,
        options.get("currency", "").upper(),
        ZoneInfo(options.get("timezone", "UTC")),
        _pairs(options.get("currencies", "")),
        _pairs(options.get("places", "")),
        {theirs: OrderState(ours) for theirs, ours in _pairs(options.get("states", "")).items()},
        frozenset(config.stores),
    )


def shop_problems(config: SourceConfig, place: str, file: str) -> Iterator[Problem]:
    """What is wrong with what a shop's source is told."""
    if not config.receiver:
        yield Problem(file, place, f"{config.kind} comes to POST /in/{config.name} only", "receiver: true")
    if config.maps:
        yield Problem(file, f"{place}.maps", f"is nothing of {config.kind}", "remove it")
    for name in config.options:
        if name not in OPTIONS:
            yield Problem(file, f"{place}.options.{name}", f"is no option of {config.kind}", closest(name, OPTIONS))
    zone = config.options.get("timezone")
    if zone is None and config.kind in _LOCAL_TIMES:
        yield Problem(file, f"{place}.options.timezone", "is missing: its times have no zone", "as Europe/Paris")
    elif zone is not None and zone not in available_timezones():
        yield Problem(file, f"{place}.options.timezone", f"{zone} is no time zone", "as Europe/Paris")
    wanted: tuple[tuple[str, Collection[str]], ...] = (
        ("currencies", CURRENCIES),
        ("places", config.stores),
        ("states", tuple(OrderState)),
    )
    for name, known in wanted:
        for ours in _pairs(config.options.get(name, "")).values():
            if ours not in known:
                yield Problem(file, f"{place}.options.{name}", f"{ours!r} is none of ours", closest(ours, list(known)))
    code = config.options.get("currency", "EUR").upper()
    if code not in CURRENCIES:
        yield Problem(file, f"{place}.options.currency", f"{code} is no currency of ISO 4217", "as EUR")


def _pairs(said: str) -> dict[str, str]:
    found = (pair.partition("=") for pair in said.split(",") if pair.strip())
    return {theirs.strip(): ours.strip() for theirs, _, ours in found}
