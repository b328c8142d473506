"""Mapping files: which field of our events becomes which attribute (Brevo) or property (HubSpot) of a contact.

Two are shipped, `mappings/brevo.yaml` and `mappings/hubspot.yaml`; a site copies one and changes it. A file that names
a field there is not is refused with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from engine.config.section import ConfigSection
from engine.errors import OperatorError
from engine.vocabulary import CrmForm, CrmKind
from engine.wording import validation_problems
from engine.yaml_files import read_yaml

SHIPPED = Path(__file__).parent / "mappings"

_ALWAYS = frozenset({"shopper", "kind", "store", "at"})
FIELDS: Mapping[CrmKind, frozenset[str]] = {
    CrmKind.PROFILE: _ALWAYS | {"display_name", "locale", "created_at", "email"},
    CrmKind.CONSENT: _ALWAYS | {"purpose", "granted", "text_version"},
    CrmKind.VISIT: _ALWAYS | {"zone", "started_at", "ended_at", "dwell_s"},
    CrmKind.COUPON: _ALWAYS | {"voucher_id", "campaign_id", "expires_at"},
    CrmKind.REDEMPTION: _ALWAYS
    | {"redemption_id", "voucher_id", "campaign_id", "state", "discount_minor", "currency", "channel", "redeemed_at"},
    CrmKind.POINTS: _ALWAYS | {"programme", "reason", "available", "pending", "balance_available", "balance_pending"},
    CrmKind.ORDER: _ALWAYS | {"source", "id", "state", "channel", "currency", "total_minor"},
}
"""What each kind of event says, by the names that a mapping may use. `docs/guides/crm.md` explains them."""

TIMES = frozenset({"at", "created_at", "started_at", "ended_at", "expires_at", "redeemed_at"})
"""Fields in seconds UTC, sent as RFC 3339."""

Field_ = dict[str, str]


class CrmMapping(ConfigSection):
    """One mapping file. `contact` is by kind of event: attribute or property -> field. `id_property` is HubSpot's
    property, with unique values, that holds our name of the contact."""

    version: Literal[1]
    form: Literal["brevo", "hubspot"]
    id_property: str = Field("rayon_id", pattern=r"^[a-z][a-z0-9_]{0,99}$")
    contact: dict[CrmKind, Field_]

    @model_validator(mode="after")
    def _names_fields_there_are(self) -> CrmMapping:
        for kind, fields in self.contact.items():
            if kind not in FIELDS:
                raise ValueError(f"contact.{kind}: an erasure deletes the contact, and needs no fields")
            strangers = sorted(set(fields.values()) - FIELDS[kind])
            if strangers:
                there = ", ".join(sorted(FIELDS[kind]))
                raise ValueError(f"contact.{kind}: no field {', '.join(strangers)}: one of {there}")
        return self

    @property
    def kinds(self) -> tuple[CrmKind, ...]:
        """Of which events something is sent."""
        return tuple(self.contact)

    def fields(self, kind: CrmKind, said: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent of an event: the attributes whose fields it has."""
        return {name: said[field] for name, field in self.contact.get(kind, {}).items() if said.get(field) is not None}


def read_mapping(path: Path | None, form: CrmForm) -> CrmMapping:
    """A mapping file, or the one that is shipped for this form. Raises OperatorError with every problem."""
    file = SHIPPED / f"{form}.yaml" if path is None else path
    try:
        found = CrmMapping.model_validate(read_yaml(file))
    except ValidationError as error:
        raise OperatorError(validation_problems(error, str(file), brackets=True, model=CrmMapping)) from error
    return found
