"""How messages go out: e-mail, and from channel to channel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from engine.config.section import ConfigSection, WebAddress
from engine.vocabulary import CrmForm, CrmKind


class MailConfig(ConfigSection):
    """The server that takes our e-mail. Without `host` and `sender` e-mail is offered nowhere.

    User name and password: RAYON_SMTP_USERNAME, RAYON_SMTP_PASSWORD.
    """

    host: str | None = Field(None, min_length=1, max_length=255)
    port: int | None = Field(None, ge=1, le=65535)  # None: 587 with starttls, 465 with tls, 25 with none
    security: Literal["starttls", "tls", "none"] = "starttls"
    tls_ca_file: Path | None = None
    sender: str | None = Field(None, max_length=320)  # Shop <shop@example.org>
    timeout_s: float = Field(60.0, gt=0, le=600)  # short ones make repeats: the server may have taken it already
    give_up_h: float = Field(24.0, gt=0, le=120)  # how long one is tried where nothing says sooner

    @model_validator(mode="after")
    def _says_from_whom(self) -> MailConfig:
        if (self.host is None) != (self.sender is None):
            raise ValueError("host and sender go together")
        return self

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, sender: str | None) -> str | None:
        if sender is not None and not re.search(r"^[^@\r\n<>]*<?[^@\s<>]+@[^@\s<>]+>?$", sender):
            raise ValueError("must be an address, as Shop <shop@example.org>")
        return sender


class DeliveryConfig(ConfigSection):
    """How a coupon goes from channel to channel, and where push and webhooks go.

    The webhooks' secrets are RAYON_WEBHOOK_SECRET, RAYON_APP_SECRET and RAYON_ORDERS_SECRET, `whsec_` and base64, as
    Standard Webhooks has them.
    """

    page_s: float = Field(4.0, ge=0.5, le=60)  # an open page has so long to show it, then push gets it
    push_s: float = Field(20.0, ge=2, le=300)  # the phone has so long to wake, then e-mail or SMS gets it
    push_contact: str | None = Field(None, pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$", max_length=320)
    push_hosts: tuple[str, ...] = ()  # push services beside the known ones, as host or host:port
    push_ca_file: Path | None = None  # who signed the certificates of those
    webhook_url: WebAddress | None = Field(None, pattern=r"^https://\S+$", max_length=2000)  # a gateway that sends SMS
    webhook_ca_file: Path | None = None
    app_url: WebAddress | None = Field(None, pattern=r"^https://\S+$", max_length=2000)  # to the shop's own app
    app_ca_file: Path | None = None
    orders_url: WebAddress | None = Field(None, pattern=r"^https://\S+$", max_length=2000)  # asked for orders
    orders_ca_file: Path | None = None


class CrmReceiverConfig(ConfigSection):
    """A customer file (CRM) or e-shop that is told of shoppers who agreed to it, or asks for what happened."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    form: CrmForm = CrmForm.EVENTS
    url: str | None = Field(None, pattern=r"^https://[^\s@#]+$", max_length=2000)  # of contact forms: the vendor's own
    secret_env: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]*$", max_length=100)
    events: tuple[CrmKind, ...] = ()  # none: all that the mapping knows, of events all
    stores: tuple[str, ...] = ()  # none: all
    mapping: Path | None = None  # None: the one that is shipped for the form
    own_network: bool = False  # it stands in the site's own network: the address may be one that is not public
    ca_file: Path | None = None  # who signed its certificate, where no public authority did

    @model_validator(mode="after")
    def _is_whole(self) -> CrmReceiverConfig:
        if self.form is CrmForm.PULL and (self.url or self.secret_env or self.mapping):
            raise ValueError("a receiver that asks (pull) has a key of scope crm, and no url, secret_env or mapping")
        if self.form is not CrmForm.PULL and self.secret_env is None:
            raise ValueError(f"{self.form} needs secret_env, the name of the variable that holds its secret")
        if self.form is CrmForm.EVENTS and (self.url is None or self.mapping is not None):
            raise ValueError("events need url, and take no mapping: they say everything")
        if CrmKind.ERASURE in self.events:
            raise ValueError("erasures always go to whoever was told of a shopper: they are not listed")
        return self


class CrmConfig(ConfigSection):
    """Who is told what shoppers agreed to pass on. Without receivers nothing of it is written down."""

    receivers: tuple[CrmReceiverConfig, ...] = ()

    @model_validator(mode="after")
    def _names_once(self) -> CrmConfig:
        names = [receiver.name for receiver in self.receivers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"receivers: named twice: {', '.join(twice)}")
        return self
