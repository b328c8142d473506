"""What shoppers are owed: caps, figures that name nobody, who is responsible, what is forgotten when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.config.section import ConfigSection

LEAST_K = 10
"""No real store shows figures that fewer people stand behind."""

_EMAIL = r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$"

StaffName = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""The pseudonym of a badge or a phone: 16 hexadecimal digits."""

AskedConsent = Literal[
    "location_offers:page",
    "location_offers:push",
    "location_offers:email",
    "location_offers:sms",
    "location_offers:app",
    "statistics:any",
    "pickup:any",
    "location_learning:any",
    "crm:any",
    "crm_shopping:any",
    "clerk:any",
]
"""What may be asked for: a purpose, and the channel where it is given per channel."""


class OffersConfig(ConfigSection):
    """Caps that hold across all campaigns and channels, as exact rolling windows."""

    per_visit: int = Field(1, ge=0)
    per_day: int = Field(3, ge=0)
    per_week: int = Field(8, ge=0)
    bought_days: float = Field(7.0, ge=0, le=90)  # for so long after a purchase nobody is offered the same product
    points_per_share_visit: int = Field(50, ge=0)
    share_hold_s: float = Field(86_400.0, ge=0)
    shares_rewarded_per_day: int = Field(10, ge=0)  # openings of a shopper's links in 24 h, over all links
    shares_rewarded_per_campaign: int = Field(25, ge=0)  # openings of a shopper's link to one campaign, ever
    ropo_days: int = Field(30, ge=1, le=90)  # from a view online to a stop or purchase, or back, at most
    four_eyes_above_minor: int | None = Field(None, ge=0)  # a campaign that may spend more needs a second person's yes
    stock_believed_h: float = Field(24.0, gt=0, le=720)  # what was told of stock longer ago is unsure

    @property
    def stock_believed_s(self) -> float:
        """The same in seconds."""
        return self.stock_believed_h * 3600.0


class PrivacyConfig(ConfigSection):
    """How many people stand behind a figure, and what is forgotten when."""

    # Distinct devices behind every figure that is written down, and steps of what is said of now.
    k: int = Field(20, ge=1, le=50)
    demo: bool = False  # a site of simulated shoppers: its pages say so, and k may be below 10
    block_s: float = Field(900.0, ge=60, le=3600)  # figures wait for a multiple of this, by the clock

    # Which consents the sign-in page asks for, `purpose:channel`: what the site makes use of, and nothing else.
    asked: tuple[AskedConsent, ...] = ("location_offers:page", "location_offers:push", "statistics:any")

    # By each store's clock, when next to nobody is there: phones without consent get other names.
    salt_turns_at: str = Field("04:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")

    # Badges and phones of staff, as `rayon keys staff` names them: never their addresses. They are in no figure.
    staff: tuple[StaffName, ...] = Field((), max_length=1_000)

    @model_validator(mode="after")
    def _only_a_demo_shows_fewer(self) -> PrivacyConfig:
        if self.k < LEAST_K and not self.demo:
            raise ValueError(f"k is at least {LEAST_K} (with demo: true it may be less, and the pages say so)")
        return self

    @property
    def staff_devices(self) -> tuple[int, ...]:
        """The pseudonyms of `staff`."""
        return tuple(int(name, 16) for name in self.staff)


class ControllerConfig(ConfigSection):
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


class RetentionConfig(ConfigSection):
    """For how long what is personal is kept."""

    state_hours: float = Field(24.0, gt=0, le=24)  # the engine's journal and checkpoints, sealed as they are
    visits_days: int = Field(395, ge=1, le=1096)  # visits to zones of people who agreed
    stops_days: int = Field(90, ge=1, le=395)  # stops at products of people who agreed to visits and web together
    decisions_days: int = Field(395, ge=1, le=1096)
    share_visits_days: int = Field(395, ge=1, le=1096)  # who opened a shared link, as digests
    deliveries_days: int = Field(30, ge=1, le=395)  # messages that are over
    prospects_days: int = Field(1096, ge=1, le=1096)  # profiles without sign-in, visit or voucher
    guest_coupons_days: int = Field(395, ge=8, le=1096)  # which browser had a coupon that is over
    shop_events_days: int = Field(395, ge=1, le=1096)  # orders, purchases, returns, views and baskets of shop systems
    crm_events_days: int = Field(30, ge=1, le=395)  # what customer files are told; ends wait until they are taken
    cashiers_days: int = Field(90, ge=1, le=395)  # who was at the till when a coupon was used
    audit_days: int = Field(365, ge=30, le=1096)  # who did what in the console (CNIL: six months to a year)
