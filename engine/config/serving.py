"""The database, the HTTP side, and captive portals."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, IPvAnyNetwork, field_validator, model_validator

from engine.config.section import ConfigSection, WebAddress
from engine.vocabulary import PortalSystem

CALLED = frozenset({PortalSystem.UNIFI, PortalSystem.OMADA, PortalSystem.SMARTZONE, PortalSystem.SONICWALL})
"""Systems whose controller our server calls: somebody has to say where it is."""

_VARIABLE = r"^[A-Z][A-Z0-9_]{0,99}$"


class StorageConfig(ConfigSection):
    """The database. PostgreSQL by URL (RAYON_DATABASE_URL wins over this key, so that passwords stay out of files)."""

    url: str = "sqlite:///data/rayon.db"
    replica_url: str | None = None  # of PostgreSQL, where figures are read; RAYON_REPLICA_URL wins over it
    data_dir: Path = Path("data")
    lease_s: float = Field(10.0, ge=1.0, le=600.0)  # unheard of for so long, an engine loses its stores
    checkpoint_s: float = Field(10.0, ge=0.5)  # how often the engine's state is saved and its journal cut


class OidcConfig(ConfigSection):
    """A single sign-on (OpenID Connect) for the console, beside passwords. Needs the extra `oidc`.

    The client's secret is RAYON_OIDC_CLIENT_SECRET. Its address to send people back to is `/account/oidc/back`.
    """

    name: str = Field(min_length=1, max_length=40)  # what the button says
    issuer: str = Field(pattern=r"^https?://[^/\s?#]+[^\s?#]*$", max_length=400)
    client_id: str = Field(min_length=1, max_length=400)
    tls_ca_file: Path | None = None
    timeout_s: float = Field(10.0, gt=0, le=60)  # for one call, all of it; a sign-in makes four


class ApiConfig(ConfigSection):
    """The HTTP side. Keys: `rayon keys`, or RAYON_MANAGER_KEY and RAYON_TILL_KEY."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: WebAddress | None = None  # what shared links and QR codes say; default http://host:port
    portal_redirect_s: float = Field(300.0, ge=10, le=86_400)  # a controller's signed redirect is good for so long
    secure_cookies: bool = False  # true behind HTTPS
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")  # whose X-Forwarded-For and -Proto are believed
    max_connections: int = Field(4_000, ge=10)
    connections_per_address: int = Field(1_000, ge=1)  # a shop is one address; proxies that are trusted have no bound
    share_opens_per_minute: int = Field(60, ge=1)  # per browser, or per link and address where it shows no cookie
    till_attempts_per_minute: int = Field(120, ge=1)  # per till key and address
    oidc: OidcConfig | None = None

    @field_validator("public_url")
    @classmethod
    def _can_be_opened(cls, url: str | None) -> str | None:
        """It stands in links and QR codes: without a scheme a phone looks it up as a page of the page it is on."""
        if url is not None and not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
            raise ValueError("must begin with https:// or http://, and a name")
        return url


class PortalConfig(ConfigSection):
    """A store's captive portal, and how its controller is told to let a phone out."""

    store: str = Field(min_length=1, max_length=64)
    system: PortalSystem
    url: str | None = Field(None, pattern=r"^https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?$")  # of the controller
    site: str = Field("default", pattern=r"^[A-Za-z0-9_-]+$", max_length=64)  # UniFi's site, or Omada's controller id
    username: str = Field("", max_length=128)  # of an operator, or of the account that all guests sign in with
    password_variable: str | None = Field(None, pattern=_VARIABLE)
    secret_variable: str | None = Field(None, pattern=_VARIABLE)  # of an API key, a UAM secret, a faskey
    allowed_hosts: tuple[str, ...] = ()  # where phones' browsers may be sent, beside the vendor's own hosts
    session_s: int = Field(14_400, ge=60, le=604_800)  # how long a phone is let out for
    timeout_s: float = Field(4.0, gt=0, le=15)  # for one call; three are made where the controller does not answer
    tls_ca_file: Path | None = None
    fas_level: int = Field(1, ge=0, le=4)  # openNDS: from 3 on the gateway asks us, below the browser tells it
    gateway_addresses: tuple[
        IPvAnyNetwork, ...
    ] = ()  # where an openNDS gateway asks from, if it does not prove its key

    @model_validator(mode="after")
    def _can_be_called(self) -> PortalConfig:
        if self.system in CALLED and self.url is None:
            raise ValueError(f"{self.system} needs url, the address of its controller")
        return self
