"""The strict model of `config.yaml`: unknown keys refused, units in the names, secrets left to the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    field_validator,
    model_validator,
)

from engine.errors import OperatorError, Problem
from engine.vocabulary import EventKind, PortalSystem
from engine.wording import validation_problems
from engine.yaml_files import read_yaml

LEAST_K = 10
"""No real store shows figures that fewer people stand behind."""

CALLED = frozenset({PortalSystem.UNIFI, PortalSystem.OMADA, PortalSystem.SMARTZONE, PortalSystem.SONICWALL})
"""Systems whose controller our server calls: somebody has to say where it is."""

_MAC = r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}"
_VARIABLE = r"^[A-Z][A-Z0-9_]{0,99}$"
_EMAIL = r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$"

AskedConsent = Literal[
    "location_offers:page",
    "location_offers:push",
    "location_offers:email",
    "location_offers:sms",
    "statistics:any",
    "location_learning:any",
    "crm:any",
    "clerk:any",
]
"""What may be asked for: a purpose, and the channel where it is given per channel."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoresConfig(_Strict):
    """Where floor plans are, and which stores this engine serves."""

    floorplans_dir: Path = Path("floorplans")
    stores: tuple[str, ...] = ()  # empty: every folder of floorplans_dir that holds a plan.geojson


class MqttConfig(_Strict):
    """The broker and how to hold on to it. User name and password: RAYON_MQTT_USERNAME, RAYON_MQTT_PASSWORD."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    protocol: Literal["5", "3.1.1"] = "5"
    # None: rayon-engine-<a name kept in data_dir>, one for each engine. One that is set is used by whoever runs stores.
    client_id: str | None = Field(None, min_length=1, max_length=128)
    tls: bool = False
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    keepalive_s: int = Field(3, ge=2, le=3600)  # so soon is a broker that hangs noticed, twice that at most
    session_expiry_s: int = Field(86_400, ge=60)  # how long the broker keeps readings for an engine that is away
    reconnect_min_s: float = Field(0.5, gt=0)
    reconnect_max_s: float = Field(30.0, gt=0)
    queue_frames: int = Field(512, ge=1, le=65_535)  # frames not yet acknowledged, at most: the broker waits beyond
    publish_events: tuple[EventKind, ...] = ("visit", "decision", "voucher")  # of people who agreed to offers


class IngestConfig(_Strict):
    """Order, duplicates and clocks."""

    reorder_s: float = Field(5.0, ge=0, le=60)  # readings up to this late are sorted, later ones counted and dropped
    dedup_s: float = Field(60.0, ge=1, le=3600)  # memory for duplicates by (device, ap, t)
    clock_tolerance_s: float = Field(2.0, ge=0)  # a source's clock this close to ours is left alone
    samples_per_reason: int = Field(5, ge=0, le=100)  # refused frames kept per reason, MACs masked
    devices_per_store: int = Field(1_000, ge=10)  # located at once, at most; linked phones always are
    terminals: tuple[str, ...] = Field((), max_length=1_000)  # of the store's own: their labels need nobody's consent

    @field_validator("terminals")
    @classmethod
    def _macs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for mac in value:
            if not re.fullmatch(_MAC, mac):
                raise ValueError(f"{mac!r} is no MAC address")
        return value


class PointPair(_Strict):
    """One place in two frames: the source's, and the store's in metres."""

    theirs: tuple[float, float]
    ours: tuple[float, float]


class MapConfig(_Strict):
    """Where a source's map lies in the store. With two points, unit, turn and origin follow from them."""

    map: str = Field("*", min_length=1, max_length=256)  # the source's id or name of it; * for any
    level: str = Field(min_length=1, max_length=128)
    store: str | None = None  # which of the source's stores; None where it has one
    y_down: bool = False  # the source counts from the top left corner
    height_m: float = Field(0.0, ge=0, le=10_000)  # of the source's map: where y is down and no points are given
    points: tuple[PointPair, ...] = Field((), max_length=2)

    @model_validator(mode="after")
    def _two_points_or_none(self) -> MapConfig:
        if len(self.points) == 1:
            raise ValueError("one point says where, not how it is turned: give two points, or none")
        if self.points and self.points[0].theirs == self.points[1].theirs:
            raise ValueError("two points at the same place say nothing of turn and unit")
        if self.y_down and not self.points and not self.height_m:
            raise ValueError("y_down needs height_m or two points")
        return self


class SourceConfig(_Strict):
    """A system of another make that publishes readings, positions or sessions."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    kind: str = Field(min_length=1, max_length=64)  # as `rayon decode` names it
    stores: tuple[str, ...] = Field(min_length=1)
    topic: str | None = Field(None, min_length=1, max_length=512)  # MQTT pattern with + and #
    receiver: bool = False  # POST /in/NAME
    url: str | None = Field(None, pattern=r"^(https?|wss?)://")  # polled, or listened to
    every_s: float = Field(15.0, ge=1, le=3600)  # between two polls
    secret_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")  # the variable that holds its secret
    use: Literal["readings", "positions"] = "readings"  # where a source gives both
    delay_s: float | None = Field(None, ge=0, le=600)  # how old its readings are when they come; None: as its kind
    options: dict[str, str] = {}
    maps: tuple[MapConfig, ...] = ()

    @model_validator(mode="after")
    def _comes_one_way(self) -> SourceConfig:
        ways = [self.topic is not None, self.receiver, self.url is not None]
        if sum(ways) != 1:
            raise ValueError("say one way in which it comes: topic, receiver or url")
        return self


class PositioningConfig(_Strict):
    """How scans become fixes."""

    method: Literal["bayes", "trilateration"] = "bayes"
    # 1 m where floors are large and aisles 2 m wide: as accurate with APs 15 m apart, nearly three times as fast.
    cell_m: float = Field(0.5, ge=0.1, le=5)
    # Readings of one device in one window make one scan. 1 s is as accurate as 3 s, and a coupon comes a second sooner.
    window_s: float = Field(1.0, gt=0, le=60)
    # A device that may be in this share of the walkable area and more gets no fix; 1 lets every fix through.
    vague_share: float = Field(0.85, gt=0, le=1)
    # Of a core, over time, that all stores of an engine together may use to learn radio maps.
    learning_share: float = Field(0.1, gt=0, le=1)


class PresenceConfig(_Strict):
    """How fixes become visits."""

    enter_probability: float = Field(0.35, gt=0, lt=1)
    leave_probability: float = Field(0.2, gt=0, lt=1)
    confirm_s: float = Field(3.0, ge=0)  # this long above enter_probability before a visit counts
    grace_s: float = Field(10.0, ge=0)  # this long below leave_probability before it ends
    silent_s: float = Field(120.0, gt=0)  # no reading for so long: visits are closed at the last fix
    # Phones that scan seldom get as long as their own rhythm needs, up to this: those slower are not followed.
    gap_max_s: float = Field(180.0, gt=0, le=1800)
    heat_cell_m: float = Field(1.0, ge=0.25, le=10)

    @model_validator(mode="after")
    def _leaves_below_where_it_enters(self) -> PresenceConfig:
        """Without a gap between the two, a device at the edge of a zone comes and goes with every fix."""
        if self.leave_probability >= self.enter_probability:
            raise ValueError("leave_probability must be below enter_probability")
        return self


class OffersConfig(_Strict):
    """Caps that hold across all campaigns and channels, as exact rolling windows."""

    per_visit: int = Field(1, ge=0)
    per_day: int = Field(3, ge=0)
    per_week: int = Field(8, ge=0)
    points_per_share_visit: int = Field(50, ge=0)
    share_hold_s: float = Field(86_400.0, ge=0)
    shares_rewarded_per_day: int = Field(10, ge=0)  # openings of a shopper's links in 24 h, over all links
    shares_rewarded_per_campaign: int = Field(25, ge=0)  # openings of a shopper's link to one campaign, ever


class PrivacyConfig(_Strict):
    """How many people stand behind a figure, and what is forgotten when."""

    # Distinct devices behind every figure that is written down, and steps of what is said of now.
    k: int = Field(20, ge=1, le=50)
    demo: bool = False  # a site of simulated shoppers: its pages say so, and k may be below 10
    block_s: float = Field(900.0, ge=60, le=3600)  # figures wait for a multiple of this, by the clock

    # Which consents the sign-in page asks for, `purpose:channel`: what the site makes use of, and nothing else.
    asked: tuple[AskedConsent, ...] = ("location_offers:page", "location_offers:push", "statistics:any")

    # By each store's clock, when next to nobody is there: phones without consent get other names.
    salt_turns_at: str = Field("04:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")

    @model_validator(mode="after")
    def _only_a_demo_shows_fewer(self) -> PrivacyConfig:
        if self.k < LEAST_K and not self.demo:
            raise ValueError(f"k is at least {LEAST_K} (with demo: true it may be less, and the pages say so)")
        return self


class ControllerConfig(_Strict):
    """Who is responsible for the data, as the notice has to say (GDPR article 13). A site behind HTTPS does not
    start without name, address, e-mail and the data protection officer's e-mail."""

    name: str | None = Field(None, min_length=1, max_length=200)
    address: str | None = Field(None, min_length=1, max_length=400)
    email: str | None = Field(None, pattern=_EMAIL, max_length=254)
    dpo_name: str | None = Field(None, min_length=1, max_length=200)
    dpo_email: str | None = Field(None, pattern=_EMAIL, max_length=254)
    recipients: tuple[str, ...] = ()  # who else gets the data, beside the shop's own staff: processors, hosts
    authority: str = Field("CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07, www.cnil.fr", max_length=300)
    backups_days: int = Field(30, ge=1, le=395)  # how long backups are kept: what is erased is in them until then

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that a notice cannot do without, and that are not filled in."""
        return tuple(key for key in ("name", "address", "email", "dpo_email") if getattr(self, key) is None)


class RetentionConfig(_Strict):
    """For how long what is personal is kept."""

    state_hours: float = Field(24.0, gt=0, le=24)  # the engine's journal and checkpoints, sealed as they are
    visits_days: int = Field(395, ge=1, le=1096)  # visits to zones of people who agreed
    decisions_days: int = Field(395, ge=1, le=1096)
    share_visits_days: int = Field(395, ge=1, le=1096)  # who opened a shared link, as digests
    deliveries_days: int = Field(30, ge=1, le=395)  # messages that are over
    prospects_days: int = Field(1096, ge=1, le=1096)  # profiles without sign-in, visit or voucher


class StorageConfig(_Strict):
    """The database. PostgreSQL by URL (RAYON_DATABASE_URL wins over this key, so that passwords stay out of files)."""

    url: str = "sqlite:///data/rayon.db"
    data_dir: Path = Path("data")
    lease_s: float = Field(10.0, ge=1.0, le=600.0)  # unheard of for so long, an engine loses its stores
    checkpoint_s: float = Field(10.0, ge=0.5)  # how often the engine's state is saved and its journal cut


class ApiConfig(_Strict):
    """The HTTP side. Keys: `rayon keys`, or RAYON_MANAGER_KEY and RAYON_TILL_KEY."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = None  # what shared links and QR codes say; default http://host:port
    portal_redirect_s: float = Field(300.0, ge=10, le=86_400)  # a controller's signed redirect is good for so long
    secure_cookies: bool = False  # true behind HTTPS
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")  # whose X-Forwarded-For and -Proto are believed
    max_connections: int = Field(4_000, ge=10)
    connections_per_address: int = Field(1_000, ge=1)  # a shop is one address; proxies that are trusted have no bound
    share_opens_per_minute: int = Field(60, ge=1)  # per browser, or per link and address where it shows no cookie
    till_attempts_per_minute: int = Field(120, ge=1)  # per till key and address

    @field_validator("public_url")
    @classmethod
    def _can_be_opened(cls, url: str | None) -> str | None:
        """It stands in links and QR codes: without a scheme a phone looks it up as a page of the page it is on."""
        if url is not None and not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
            raise ValueError("must begin with https:// or http://, and a name")
        return url


class PortalConfig(_Strict):
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


class MailConfig(_Strict):
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


class DeliveryConfig(_Strict):
    """How a coupon goes from channel to channel, and where push and webhooks go.

    The webhook's secret is RAYON_WEBHOOK_SECRET, `whsec_` and base64, as Standard Webhooks has it.
    """

    page_s: float = Field(4.0, ge=0.5, le=60)  # an open page has so long to show it, then push gets it
    push_s: float = Field(20.0, ge=2, le=300)  # the phone has so long to wake, then e-mail or SMS gets it
    push_contact: str | None = Field(None, pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$", max_length=320)
    push_hosts: tuple[str, ...] = ()  # push services beside the known ones, as host or host:port
    push_ca_file: Path | None = None  # who signed the certificates of those
    webhook_url: str | None = Field(None, pattern=r"^https://\S+$", max_length=2000)  # a gateway that sends SMS
    webhook_ca_file: Path | None = None


class Config(_Strict):
    """All of `config.yaml`; `Config()` is the embedded default."""

    stores: StoresConfig = StoresConfig()
    mqtt: MqttConfig = MqttConfig()
    ingest: IngestConfig = IngestConfig()
    sources: tuple[SourceConfig, ...] = ()
    positioning: PositioningConfig = PositioningConfig()
    presence: PresenceConfig = PresenceConfig()
    offers: OffersConfig = OffersConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    controller: ControllerConfig = ControllerConfig()
    retention: RetentionConfig = RetentionConfig()
    storage: StorageConfig = StorageConfig()
    api: ApiConfig = ApiConfig()
    mail: MailConfig = MailConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    portals: tuple[PortalConfig, ...] = ()

    @property
    def in_production(self) -> bool:
        """Whether real people are served: over HTTPS, as whoever sets either key says."""
        return self.api.secure_cookies or (self.api.public_url or "").lower().startswith("https://")

    @model_validator(mode="after")
    def _one_portal_of_a_system(self) -> Config:
        named = [(portal.store, portal.system) for portal in self.portals]
        twice = sorted({f"{store}, {system}" for store, system in named if named.count((store, system)) > 1})
        if twice:
            raise ValueError(f"portals: declared twice: {'; '.join(twice)}")
        return self


def check_controller(config: Config, file: str) -> None:
    """A site that serves real people says who is responsible. Raises OperatorError with every key that is missing."""
    if not config.in_production or config.privacy.demo:
        return
    why = "not filled in, and this site is in production: api.public_url is https, or api.secure_cookies is true"
    fix = "every sign-in page has to say it (GDPR article 13): fill it in"
    problems = [Problem(file, f"controller.{key}", why, fix) for key in config.controller.missing]
    if problems:
        raise OperatorError(problems)


def parse_config(raw: Any, file: str) -> Config:
    """The config from already-read YAML. Raises OperatorError with every problem."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise OperatorError(
            [Problem(file, "(whole file)", "not a mapping of keys", "see config.yaml of the repository")]
        )
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise OperatorError(validation_problems(error, file, brackets=True)) from error


def load_config(path: Path | None) -> Config:
    """Reads `config.yaml`; without a path, the embedded defaults. Raises OperatorError with every problem."""
    if path is None:
        return Config()
    return parse_config(read_yaml(path), str(path))
