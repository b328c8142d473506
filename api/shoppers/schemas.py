"""What shoppers send and get, as OpenAPI sees it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.callers.visitors import OPENED
from api.texts.consents import TEXT_VERSION, ShownVersion
from engine.offers.bounds import CONTROL
from engine.privacy.consent import ConsentChoice
from engine.storage.people.phones import PhoneState
from engine.vocabulary import Channel, IdentifierKind, PointsState, Purpose, VoucherState


class Strict(BaseModel):
    """Unknown keys are refused: a misspelt consent must not pass as a silent no."""

    model_config = ConfigDict(extra="forbid")


class ConsentAnswer(Strict):
    """One answer. `location_offers` is given per channel, the other purposes for the channel `any`."""

    purpose: Purpose = Field(examples=["location_offers"])
    channel: Channel = Field(Channel.ANY, examples=["page"])
    granted: bool

    @model_validator(mode="after")
    def _makes_sense(self) -> ConsentAnswer:
        self.choice()
        return self

    def choice(self) -> ConsentChoice:
        """As the engine knows it. Raises ValueError where purpose and channel do not go together."""
        return ConsentChoice(self.purpose, self.channel, self.granted)


def _of_one_mind(answers: list[ConsentAnswer]) -> list[ConsentAnswer]:
    """Each purpose and channel has one answer: of a yes and a no together nobody knows which was meant."""
    said: dict[tuple[Purpose, Channel], bool] = {}
    for answer in answers:
        if said.setdefault((answer.purpose, answer.channel), answer.granted) != answer.granted:
            raise ValueError(f"a yes and a no for {answer.purpose}, {answer.channel}: give one answer")
    return answers


ConsentAnswers = Annotated[list[ConsentAnswer], AfterValidator(_of_one_mind)]


def _as_seen(name: str | None) -> str | None:
    """The name in one line and without what nobody sees, which could turn the words beside it on a clerk's page."""
    return " ".join(CONTROL.sub("", name).split()) or None if name else None


class SessionRequest(Strict):
    """A sign-in at the store's Wi-Fi. Everything but the store is optional."""

    store: str = Field(max_length=64, examples=["supermarket"])
    client_mac: str | None = Field(
        None,
        max_length=64,
        description="The phone's MAC as the captive portal knows it; pseudonymised at once, never kept.",
    )
    portal_t: str | None = Field(
        None, max_length=12, description="When the controller sent the phone here (s UTC), as it signed."
    )
    portal_sig: str | None = Field(
        None,
        max_length=64,
        description="The controller's signature; without it the MAC waits for another proof.",
    )
    opened: str | None = Field(None, pattern=OPENED, description="Of the shared link's page that led here.")
    display_name: Annotated[str | None, AfterValidator(_as_seen)] = Field(None, max_length=60)
    email: str | None = Field(None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    locale: str = Field("fr", max_length=16, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$")
    consents: ConsentAnswers = Field(default=[], max_length=20)
    text_version: ShownVersion = Field(
        TEXT_VERSION, description="Of the consent text that the shopper saw: one of ours, refused otherwise."
    )


class Session(BaseModel):
    """The answer to a sign-in. Without any consent nothing is kept: no profile, `shopper_id` null, no cookie."""

    shopper_id: str | None
    store: str
    consents: list[ConsentAnswer]
    me_url: str | None = Field(description="The shopper's page, where coupons appear.")


class Worth(BaseModel):
    """Money, and how it is said."""

    amount_minor: int
    currency: str
    text: str


class Points(BaseModel):
    """A balance. Pending points become available after their hold."""

    available: int
    pending: int
    worth: Worth | None = Field(None, description="What the available ones take off; none where the site says no rate.")


class Me(BaseModel):
    """The signed-in shopper."""

    shopper_id: str
    store: str
    display_name: str | None
    locale: str
    consents: list[ConsentAnswer]
    may_ask: list[str] = Field(
        description="`purpose:channel` of what may be asked for: never answered, or refused six months ago and more."
    )
    points: Points
    phone: PhoneState = Field(
        description="`bound`: this shopper's by proof, coupons can come. `pending`: waits for a proof. `none`: unknown."
    )
    now: str = Field(description="The server's time: a phone's clock may be off.")


class Goods(BaseModel):
    """What a coupon is for."""

    sku: str | None
    name: str | None
    category: str
    picture: str = Field(description="An SVG element, drawn for the category.")
    aisle: str | None = Field(description="The zone of the plan that the product stands in.")
    before: str | None = Field(None, description="The price of one unit, in words of the language.")
    after: str | None = Field(None, description="The same with the coupon; null where one unit alone gets nothing.")


class Saved(BaseModel):
    """What a coupon took off at the till, and when."""

    amount: str = Field(examples=["€1.00"])
    at: str


class VoucherCard(BaseModel):
    """A coupon as its shopper sees it."""

    voucher_id: str
    campaign_id: str
    store: str
    state: VoucherState
    code: str = Field(examples=["7F3KQ2M8ZX4A"])
    code_spaced: str = Field(examples=["7F3K Q2M8 ZX4A"])
    title: str
    text: str
    badge: str = Field("", description="The offer in a few characters, e.g. `-20 %`.")
    offer: dict[str, Any]
    qr_svg: str = Field(description="The code as a QR, an SVG element.")
    issued_at: str
    expires_at: str
    keep_until: str | None = Field(
        None, description="Until when it would hold, kept for later on the web; null where it cannot be, or is."
    )
    why: str = Field("", description="Why this offer, why now, in the shopper's language.")
    goods: Goods | None = None
    saved: Saved | None = Field(None, description="What it took off at the till, where it was used.")
    least: str | None = Field(None, description="What the basket has to come to, in words.")
    warning: str | None = Field(None, description="What the law puts beside the offer: on alcohol, the health warning.")


class StreamedVoucher(VoucherCard):
    """A coupon on its way to an open page: the data of the event `voucher`."""

    delivery_id: int = Field(description="Acknowledge it once it is really shown.")
    caused_by_t: float = Field(description="Time of the newest reading behind it, in seconds UTC.")


class VoucherList(BaseModel):
    """A page of coupons, newest first."""

    items: list[VoucherCard]
    next: str | None


class ConsentUpdate(Strict):
    """New answers; purposes not named stay as they are."""

    consents: ConsentAnswers = Field(min_length=1, max_length=20)
    text_version: ShownVersion = TEXT_VERSION


class Rights(BaseModel):
    """What the shopper asked for, and since when; null where it was not asked for."""

    restricted_at: str | None
    objected_at: str | None


class RightsChange(Strict):
    """`restricted`: keep everything, do nothing with it. `objected`: count me in no figure. Null: as it is."""

    restricted: bool | None = None
    objected: bool | None = None


class PhoneCode(Strict):
    """A code as a place in the store shows it; spaces and case do not matter."""

    code: str = Field(min_length=4, max_length=16, examples=["7F3KQ2"])


class Fewer(Strict):
    """`mute`: no more offers from this store on the shopper's phones. `never`: no more offers at all, anywhere."""

    kind: Literal["mute", "never"]
    store: str = Field(max_length=64)


class ShareRequest(Strict):
    """The coupon to share."""

    voucher_id: str = Field(max_length=64)


class ShareLink(BaseModel):
    """A link for friends, and the deal as a picture for the phone's share sheet."""

    token: str
    url: str
    picture_url: str


class SharePointsOut(BaseModel):
    """What one opening of a link brought. `until` is when pending points become available by themselves."""

    since: str
    until: str | None
    points: int
    state: PointsState
    why: str = Field(description="In the shopper's language.")


class MyShareOut(BaseModel):
    """One of the shopper's links, with what it brought, newest first."""

    token: str
    url: str
    store: str
    campaign_id: str
    title: str
    created_at: str
    openings: list[SharePointsOut]


class MyShares(BaseModel):
    """The shopper's links, newest first."""

    items: list[MyShareOut]


class IdentifierOut(BaseModel):
    """What a person is known by, as only they read it: of a card the last four signs, of an account nothing."""

    kind: IdentifierKind
    value: str
    verified_at: str


class SessionOut(BaseModel):
    """A browser that is signed in. `here` is the one that asks; `shared` ends with a visit."""

    session_id: str
    label: str
    shared: bool
    here: bool
    made_at: str
    seen_at: str


class MergeOut(BaseModel):
    """A profile that joined this one, by which proof and when. It can be split off again."""

    merge_id: str
    proof: IdentifierKind
    at: str


class MyIdentity(BaseModel):
    """Verified identifiers, sessions and merges. `email`: links by e-mail can be sent here."""

    email: bool
    identifiers: list[IdentifierOut]
    sessions: list[SessionOut]
    merges: list[MergeOut]


class CardIn(Strict):
    """A loyalty card, and what only its owner has besides: a code under a scratch field, say."""

    number: str = Field(min_length=6, max_length=40)
    proof: str = Field(min_length=4, max_length=64)


class CardsIn(Strict):
    """Cards of the shop's."""

    cards: list[CardIn] = Field(min_length=1, max_length=10_000)


class KeptCoupon(BaseModel):
    """A coupon that is kept for later."""

    until: str = Field(description="Until when it can be used now.")


class Done(BaseModel):
    """The write has happened; `changed` is false when it had happened before."""

    changed: bool = True
