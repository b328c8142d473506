"""The channels that a site has, from its configuration: a channel that lacks something is offered to nobody."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from email.utils import parseaddr
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from engine.config import Config, PrivacyConfig
from engine.config.shoppers import AskedConsent
from engine.delivery.dispatch import GatewaySide, PushSide, Sides
from engine.delivery.mail import Mailer
from engine.delivery.orders import OrderSender
from engine.delivery.push_services import PublicTransport
from engine.delivery.senders import AT_ONCE, CALL_TIMEOUT_S, Poster
from engine.delivery.webhooks import APP_VARIABLE, ORDERS_VARIABLE, read_secret
from engine.errors import OperatorError, Problem, collect_problems
from engine.offers.caps import DAY_S, Limits
from engine.offers.decide import DecisionRules
from engine.offers.messages.choose import MessageRules
from engine.plan.model import Plan
from engine.privacy.identifiers import open_value
from engine.privacy.secrets import Secrets
from engine.storage.database import Database
from engine.storage.messages.decisions import Telling
from engine.storage.sending.vapid_keys import PURPOSE, PushKeyRing
from engine.vocabulary import Channel, Purpose


def open_sides(
    config: Config, db: Database, secrets: Secrets, mailer: Mailer | None, environ: Mapping[str, str]
) -> Sides:
    """Push, e-mail and the gateways, where configured. Raises OperatorError for a secret that is missing."""
    delivery, contact = config.delivery, push_contact(config)
    push = gateway = app = None
    if contact is not None:
        ring = PushKeyRing(db, secrets.derive_key(PURPOSE))
        transport = PublicTransport(delivery.push_hosts, _tls(delivery.push_ca_file), AT_ONCE)
        push = PushSide(ring.keys, contact, Poster(_client(transport)))
    if delivery.webhook_url is not None:
        direct = httpx.AsyncHTTPTransport(verify=_tls(delivery.webhook_ca_file))
        gateway = GatewaySide(delivery.webhook_url, read_secret(environ), Poster(_client(direct)))
    if delivery.app_url is not None:
        direct = httpx.AsyncHTTPTransport(verify=_tls(delivery.app_ca_file))
        app = GatewaySide(delivery.app_url, read_secret(environ, APP_VARIABLE), Poster(_client(direct)))
    return Sides(push, mailer, gateway, app)


def open_orders(config: Config, db: Database, secrets: Secrets, environ: Mapping[str, str]) -> OrderSender | None:
    """What asks the e-shop for orders, where configured. Raises OperatorError for a secret that is missing."""
    delivery = config.delivery
    if delivery.orders_url is None:
        return None
    tls, secret = _tls(delivery.orders_ca_file), read_secret(environ, ORDERS_VARIABLE)
    return OrderSender(db, delivery.orders_url, secret, tls, partial(open_value, secrets))


def check_channels(config: Config, environ: Mapping[str, str], file: str) -> None:
    """Raises OperatorError with all that would keep `open_sides` from opening: files of authorities, the secret."""
    delivery = config.delivery
    named = {
        "delivery.push_ca_file": delivery.push_ca_file,
        "delivery.webhook_ca_file": delivery.webhook_ca_file,
        "delivery.app_ca_file": delivery.app_ca_file,
        "delivery.orders_ca_file": delivery.orders_ca_file,
        "mail.tls_ca_file": config.mail.tls_ca_file,
    }
    with collect_problems() as collect:
        for key, path in named.items():
            collect.read(partial(_check_authority, key, path, file))
        if delivery.webhook_url is not None:
            collect.read(partial(read_secret, environ))
        if delivery.app_url is not None:
            collect.read(partial(read_secret, environ, APP_VARIABLE))
        if delivery.orders_url is not None:
            collect.read(partial(read_secret, environ, ORDERS_VARIABLE))


def _check_authority(key: str, path: Path | None, file: str) -> None:
    try:
        _tls(path)
    except OSError as error:  # ssl's own errors are of this kind
        raise OperatorError([Problem(file, key, f"{path}: {error}", "a file of certificates in PEM")]) from error


def push_contact(config: Config) -> str | None:
    """Whom push services may write to; None where nobody is named, and push is offered to nobody."""
    if config.delivery.push_contact is not None:
        return config.delivery.push_contact
    return None if config.mail.sender is None else f"mailto:{parseaddr(config.mail.sender)[1]}"


def asked_consents(config: Config) -> tuple[AskedConsent, ...]:
    """What pages ask for: `privacy.asked` without offers on channels that the site does not have."""
    has = {f"{Purpose.LOCATION_OFFERS}:{channel}" for channel in decision_rules(config).channels}
    return tuple(key for key in config.privacy.asked if key in has or not key.startswith(Purpose.LOCATION_OFFERS))


def list_unasked(config: Config) -> dict[str, str]:
    """What `privacy.asked` was told to ask for and no page does, and the key that its channel lacks."""
    lacks = {
        Channel.PUSH: "delivery.push_contact",
        Channel.APP: "delivery.app_url",
        Channel.EMAIL: "mail.host",
        Channel.SMS: "delivery.webhook_url",
    }
    if config.privacy.asked == PrivacyConfig().asked:  # nobody chose it
        return {}
    live = asked_consents(config)
    return {key: lacks[Channel(key.partition(":")[2])] for key in config.privacy.asked if key not in live}


def agreed_by_nobody(config: Config) -> dict[str, str]:
    """Gateways that are set and carry nothing, as no page asks for offers there: by key, what `privacy.asked` lacks."""
    gateways = {
        "delivery.app_url": (config.delivery.app_url, Channel.APP),
        "delivery.webhook_url": (config.delivery.webhook_url, Channel.SMS),
    }
    wanted = {key: f"{Purpose.LOCATION_OFFERS}:{channel}" for key, (url, channel) in gateways.items() if url}
    return {key: consent for key, consent in wanted.items() if consent not in config.privacy.asked}


def decision_rules(config: Config) -> DecisionRules:
    """What decisions may choose from: the channels that `open_sides` opens, best first."""
    has = {
        Channel.PAGE: True,
        Channel.PUSH: push_contact(config) is not None,
        Channel.APP: config.delivery.app_url is not None,
        Channel.EMAIL: config.mail.host is not None,
        Channel.SMS: config.delivery.webhook_url is not None,
    }
    return DecisionRules(channels=tuple(channel for channel, there in has.items() if there))


def limits_of(config: Config) -> Limits:
    """The caps that hold across all campaigns, messages and channels."""
    offers = config.offers
    return Limits(offers.per_visit, offers.per_day, offers.per_week, offers.bought_days * DAY_S)


def telling_of(config: Config, plans: Mapping[str, Plan], secret: bytes) -> Telling:
    """What decisions about messages stand on; `secret` is the one that coupons are claimed with."""
    rules = MessageRules(limits_of(config), frozenset(decision_rules(config).channels))
    return Telling(rules, secret, {plan.store: ZoneInfo(plan.timezone) for plan in plans.values()})


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, timeout=CALL_TIMEOUT_S, follow_redirects=False)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    return _public_tls() if ca_file is None else ssl.create_default_context(cafile=str(ca_file))


@cache
def _public_tls() -> ssl.SSLContext:
    """The system's authorities, read once: that takes as long as all else of a channel's opening."""
    return ssl.create_default_context()
