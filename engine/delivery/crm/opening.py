"""The customer files of the configuration: what each is told, and connections to those that are sent to."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from functools import partial
from urllib.parse import urlsplit

import httpx

from engine.config import Config, CrmReceiverConfig
from engine.delivery.crm.courier import AT_ONCE, CALL_S, CrmSide
from engine.delivery.crm.forms import CrmWire
from engine.delivery.crm.mapping import CrmMapping, read_mapping
from engine.delivery.push_services import PublicTransport
from engine.delivery.webhooks import read_secret
from engine.errors import OperatorError, Problem, collect_problems
from engine.storage.crm.receivers import ReceiverSpec
from engine.vocabulary import CrmForm, CrmKind

_DEFAULT_URL = {CrmForm.BREVO: "https://api.brevo.com", CrmForm.HUBSPOT: "https://api.hubapi.com"}


def crm_specs(config: Config) -> list[ReceiverSpec]:
    """What each receiver is told. Raises OperatorError for a mapping file that is none."""
    return [_spec(one) for one in config.crm.receivers]


def open_crm(config: Config, environ: Mapping[str, str]) -> dict[str, CrmSide]:
    """Connections to the receivers that are sent to. Raises OperatorError for a secret or file that is missing."""
    return {one.name: _side(one, environ) for one in config.crm.receivers if one.form is not CrmForm.PULL}


def check_crm(config: Config, stores: Collection[str], environ: Mapping[str, str], file: str) -> None:
    """Raises OperatorError with all that would keep `open_crm` from opening, and stores that there are not."""
    with collect_problems() as collect:
        for n, one in enumerate(config.crm.receivers):
            collect.read(partial(_check, one, f"crm.receivers[{n}]", stores, environ, file))


def _check(one: CrmReceiverConfig, place: str, stores: Collection[str], environ: Mapping[str, str], file: str) -> None:
    with collect_problems() as collect:
        collect.read(partial(_spec, one))
        collect.read(partial(_check_stores, one, f"{place}.stores", stores, file))
        collect.read(partial(_check_authority, one, f"{place}.ca_file", file))
        if one.form is not CrmForm.PULL:
            collect.read(partial(_secret, one, environ))


def _check_stores(one: CrmReceiverConfig, place: str, stores: Collection[str], file: str) -> None:
    unknown = sorted(set(one.stores) - set(stores))
    if unknown:
        raise OperatorError([Problem(file, place, f"no such store: {', '.join(unknown)}", ", ".join(sorted(stores)))])


def _check_authority(one: CrmReceiverConfig, place: str, file: str) -> None:
    try:
        _tls(one)
    except OSError as error:  # ssl's own errors are of this kind
        fix = "a file of certificates in PEM"
        raise OperatorError([Problem(file, place, f"{one.ca_file}: {error}", fix)]) from error


def _spec(one: CrmReceiverConfig) -> ReceiverSpec:
    mapping = _mapping(one)
    kinds = mapping.kinds if mapping is not None else tuple(kind for kind in CrmKind if kind is not CrmKind.ERASURE)
    wanted = tuple(kind for kind in kinds if not one.events or kind in one.events)
    return ReceiverSpec(one.name, one.form, wanted, one.stores)


def _mapping(one: CrmReceiverConfig) -> CrmMapping | None:
    return None if one.form in (CrmForm.EVENTS, CrmForm.PULL) else read_mapping(one.mapping, one.form)


def _side(one: CrmReceiverConfig, environ: Mapping[str, str]) -> CrmSide:
    url = (one.url or _DEFAULT_URL[one.form]).rstrip("/") if one.form is not CrmForm.EVENTS else str(one.url)
    at = urlsplit(url)
    own = {f"{at.hostname}:{at.port or 443}"} if one.own_network else set()
    transport = PublicTransport(own, _tls(one), AT_ONCE)
    client = httpx.AsyncClient(transport=transport, timeout=CALL_S, follow_redirects=False)
    return CrmSide(one.name, CrmWire(one.form, url, _secret(one, environ), _mapping(one)), client)


def _secret(one: CrmReceiverConfig, environ: Mapping[str, str]) -> bytes:
    """A signing key for events, a vendor's API key for contacts. Raises OperatorError."""
    variable = str(one.secret_env)
    if one.form is CrmForm.EVENTS:
        return read_secret(environ, variable, one.name)
    text = environ.get(variable, "").strip()
    if text and text.isascii() and text.isprintable():
        return text.encode()
    fix = f"the API key of {one.form}"
    raise OperatorError([Problem("environment", variable, f"{one.name} needs its key", fix)])


def _tls(one: CrmReceiverConfig) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if one.ca_file is None else str(one.ca_file))
