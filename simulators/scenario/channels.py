"""What a scenario may say of the web beside the store: who has an account, looks, orders, collects, brings back."""

from __future__ import annotations

from pydantic import Field, model_validator

from simulators.scenario.people import ScenarioModel


class ViewHabit(ScenarioModel):
    """Looking at products on the web. Who is about to go to the shop looks at what they will stop at there."""

    sessions_per_week: float = Field(1.5, ge=0, le=100)  # of an account, on average
    products_mean: float = Field(4.0, ge=1, le=50)  # looked at in a session, at least one
    app_share: float = Field(0.3, ge=0, le=1)  # of sessions: in the shop's app, the others on its pages
    before_stop_share: float = Field(0.15, ge=0, le=1)  # of stops that end with nothing bought: looked at before
    before_bought_share: float = Field(0.35, ge=0, le=1)  # of stops that end with it bought
    before_s: float = Field(2 * 86_400.0, gt=0)  # at most so long before


class OrderHabit(ScenarioModel):
    """From a basket on the web to the parcel, or to the pick-up place of the store."""

    basket_share: float = Field(0.4, ge=0, le=1)  # of sessions: something lies in a basket at their end
    order_share: float = Field(0.5, ge=0, le=1)  # of baskets: ordered; the others are left
    after_stop_share: float = Field(0.03, ge=0, le=1)  # of stops that end with nothing bought: ordered online later
    delivery_minor: int = Field(490, ge=0)  # price of sending an order home
    cancel_share: float = Field(0.05, ge=0, le=1)  # of orders: cancelled once paid
    collect_share: float = Field(0.4, ge=0, le=1)  # of orders: collected in the store
    ready_after_s: float = Field(3 * 3600.0, gt=0)  # on average, exponential, at least a quarter of an hour
    send_after_s: float = Field(20 * 3600.0, gt=0)  # likewise, of orders that are sent home
    come_after_s: float = Field(16 * 3600.0, gt=0)  # likewise, until their shopper comes for what is ready
    no_show_share: float = Field(0.1, ge=0, le=1)  # of orders that are ready: nobody comes for them
    waiting_share: float = Field(0.3, ge=0, le=1)  # of who comes to the store in a scenario of seconds: for an order


class ReturnHabit(ScenarioModel):
    """What comes back, whole lines of a receipt or an order."""

    receipt_share: float = Field(0.05, ge=0, le=1)  # of receipts of the till with a card
    order_share: float = Field(0.2, ge=0, le=1)  # of orders that were sent or collected
    after_s: float = Field(30 * 3600.0, gt=0)  # on average, exponential, at least an hour


class SwayShares(ScenarioModel):
    """What a message really does where it is read: so many of those who would not have bought what it is about within
    seven days do buy it. Nought is a channel that changes nothing. People who walk (no `year`) are never swayed."""

    page: float = Field(0.0, ge=0, le=1)  # there and then: it is on the receipt of that visit
    email: float = Field(0.0, ge=0, le=1)  # the basket that was left is ordered
    push: float = Field(0.0, ge=0, le=1)  # the product is ordered online


class MessageHabit(ScenarioModel):
    """Messages of the shop, who reads them, and what they change."""

    min_dwell_s: float = Field(5.0, ge=0)  # at a product of `phones.responses`, before its coupon comes to the page
    mail_consent_share: float = Field(0.5, ge=0, le=1)  # of accounts: agree to offers by e-mail
    mail_after_s: float = Field(6 * 3600.0, gt=0)  # a basket that was left so long gets a mail
    mail_open_share: float = Field(0.35, ge=0, le=1)
    push_consent_share: float = Field(0.0, ge=0, le=1)  # of accounts with a connected phone: agree to notifications
    push_after_s: float = Field(7200.0, ge=0)  # so long after a visit: of what they last stopped at and did not buy
    push_open_share: float = Field(0.25, ge=0, le=1)
    sways: SwayShares = SwayShares()
    per_visit: int = Field(1, ge=0)
    per_day: int = Field(2, ge=0)  # any 24 hours in a row, over all channels
    per_week: int = Field(3, ge=0)  # any seven days in a row, likewise
    holdout_share: float = Field(0.1, ge=0, le=0.9)  # of shoppers, drawn anew for each channel: get none by it


class EarnHabit(ScenarioModel):
    """The programme's rule: so many points for so much of what a line cost."""

    points: int = Field(1, ge=0)
    per_minor: int = Field(100, ge=1)


class ChannelsConfig(ScenarioModel):
    """The same people on the web and at the till. See "On the web and in the shop" above."""

    account_share: float = Field(0.6, ge=0, le=1)  # of people: have an account of the e-shop
    card_share: float = Field(0.5, ge=0, le=1)  # of people: have a loyalty card
    show_card_share: float = Field(0.8, ge=0, le=1)  # of their purchases: show it at the till
    pickup_consent_share: float = Field(0.8, ge=0, le=1)  # of connected shoppers: agree to be called for an order
    recognised_share: float = Field(0.1, ge=0, le=1)  # of visits of who agrees to offers: ask clerks to know them
    views: ViewHabit = ViewHabit()
    orders: OrderHabit = OrderHabit()
    returns: ReturnHabit = ReturnHabit()
    messages: MessageHabit = MessageHabit()
    earn: EarnHabit = EarnHabit()

    @model_validator(mode="after")
    def _makes_sense(self) -> ChannelsConfig:
        if self.messages.per_day > self.messages.per_week:
            raise ValueError("messages.per_day is above messages.per_week")
        return self
