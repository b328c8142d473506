"""An event in the form that a receiver wants: signed as Standard Webhooks has it, or as a contact of Brevo or HubSpot.

The bodies of the contact forms are those of the vendors' documentation: Brevo, "Create a contact" (`ext_id`,
`updateEnabled`) and "Delete a contact" (`identifierType`); HubSpot, contacts "batch upsert" (`idProperty`) and "GDPR
delete". Contacts are named by our name of chance, so that no address is a key.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.delivery.crm.mapping import TIMES, CrmMapping
from engine.delivery.webhooks import sign_call
from engine.storage.crm.lines import CrmEvent
from engine.vocabulary import CrmForm, CrmKind


@dataclass(frozen=True, slots=True)
class CrmCall:
    """One request to a customer file, ready to be sent."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class CrmWire:
    """What a receiver's calls need: where to, with which secret, and for contacts by which mapping."""

    form: CrmForm
    url: str
    secret: bytes = field(repr=False)
    mapping: CrmMapping | None = None


def compose_event(event: CrmEvent, email: str = "") -> dict[str, Any]:
    """An event as it goes out: `cursor` grows, so that who gets one twice or late can tell; times are RFC 3339."""
    data = {name: _time(value) if name in TIMES else value for name, value in json.loads(event.data).items()}
    if event.kind is CrmKind.PROFILE:
        data["email"] = email or None
    return {
        "id": event.message_id,
        "type": str(event.kind),
        "timestamp": _time(event.at),
        "cursor": str(event.number),
        "shopper": event.ref,
        "store": event.store or None,
        "data": data,
    }


def as_call(wire: CrmWire, event: CrmEvent, email: str, now: float) -> CrmCall | None:
    """The request that brings an event; None where the receiver's mapping says nothing of it."""
    if wire.form is CrmForm.EVENTS:
        content, headers = sign_call(wire.secret, event.message_id, now, compose_event(event, email))
        return CrmCall("POST", wire.url, headers, content)
    assert wire.mapping is not None
    build = _brevo if wire.form is CrmForm.BREVO else _hubspot
    return build(wire, wire.mapping, event, _flat(event, email))


def _brevo(wire: CrmWire, mapping: CrmMapping, event: CrmEvent, said: Mapping[str, Any]) -> CrmCall | None:
    headers = {"api-key": wire.secret.decode(), "accept": "application/json"}
    if event.kind is CrmKind.ERASURE:
        return CrmCall("DELETE", f"{wire.url}/v3/contacts/{event.ref}?identifierType=ext_id", headers)
    fields = mapping.fields(event.kind, said)
    if not fields:
        return None
    body: dict[str, Any] = {"ext_id": event.ref, "updateEnabled": True}
    if "email" in fields:
        body["email"] = fields.pop("email")
    if said.get("granted") is False:
        body["emailBlacklisted"] = True
    return _json("POST", f"{wire.url}/v3/contacts", headers, {**body, "attributes": fields})


def _hubspot(wire: CrmWire, mapping: CrmMapping, event: CrmEvent, said: Mapping[str, Any]) -> CrmCall | None:
    headers = {"Authorization": f"Bearer {wire.secret.decode()}"}
    contacts, by = f"{wire.url}/crm/v3/objects/contacts", mapping.id_property
    if event.kind is CrmKind.ERASURE:
        return _json("POST", f"{contacts}/gdpr-delete", headers, {"objectId": event.ref, "idProperty": by})
    fields = {name: _text(value) for name, value in mapping.fields(event.kind, said).items()}
    if not fields:
        return None
    one = {"id": event.ref, "idProperty": by, "properties": {by: event.ref, **fields}}
    return _json("POST", f"{contacts}/batch/upsert", headers, {"inputs": [one]})


def _flat(event: CrmEvent, email: str) -> dict[str, Any]:
    """All fields that a mapping may name, of this event."""
    whole = compose_event(event, email)
    return {
        "shopper": event.ref,
        "store": whole["store"],
        "at": whole["timestamp"],
        **whole["data"],
        "kind": whole["data"].get("kind", whole["type"]),
    }


def _json(method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> CrmCall:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return CrmCall(method, url, {**headers, "Content-Type": "application/json"}, content)


def _text(value: Any) -> str:
    """HubSpot's properties are text on the wire."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(value: Any) -> Any:
    if not isinstance(value, int | float):
        return value
    said = dt.datetime.fromtimestamp(value, dt.UTC).isoformat(timespec="milliseconds")
    return said.replace("+00:00", "Z")
