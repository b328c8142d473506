"""What a scenario may say of phones: how they are heard, and what people do with what they get on them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulators.scenario.people import ScenarioModel


class PhoneSystem(ScenarioModel):
    """One kind of phone: how often it is heard with its screen on and off, and how long its MAC lasts."""

    name: str = Field(min_length=1, max_length=40)
    share: float = Field(gt=0)  # weight among the systems
    on_min_s: float = Field(1.0, ge=0.1, le=600)  # between two scans with the screen on
    on_max_s: float = Field(4.0, ge=0.1, le=600)
    off_min_s: float = Field(5.0, ge=0.1, le=3600)  # and off
    off_max_s: float = Field(20.0, ge=0.1, le=3600)
    screen_on_s: float = Field(30.0, gt=0)  # on average, exponential
    screen_off_s: float = Field(120.0, gt=0)  # likewise
    mac_rotates_after_s: float | None = Field(None, gt=0)  # the MAC for a network changes so often; None: never

    @model_validator(mode="after")
    def _in_order(self) -> PhoneSystem:
        if self.on_min_s > self.on_max_s or self.off_min_s > self.off_max_s:
            raise ValueError("a shortest time is above its longest")
        return self


class Response(ScenarioModel):
    """What a coupon really does: so many buy the product anyway, and so many more with the coupon."""

    buy_share: float = Field(0.1, ge=0, le=1)
    uplift: float = Field(0.1, ge=-1, le=1)

    @model_validator(mode="after")
    def _a_share(self) -> Response:
        if not 0 <= self.buy_share + self.uplift <= 1:
            raise ValueError("buy_share + uplift is not between 0 and 1")
        return self


class PhonesConfig(ScenarioModel):
    """What people carry, and what they do with what they get."""

    connected_share: float = Field(0.6, ge=0, le=1)  # the others only probe, or are not heard at all
    probe_interval_s: float | None = Field(None, ge=1)  # of phones not connected, on average; None: Wi-Fi switched off
    scan_interval_min_s: float = Field(1.0, ge=0.1, le=60)
    scan_interval_max_s: float = Field(4.0, ge=0.1, le=120)
    systems: tuple[PhoneSystem, ...] = ()  # empty: all phones alike, with the interval above
    dropouts_per_hour: float = Field(0.0, ge=0, le=3600)  # of a connected phone: times when nothing is heard of it
    dropout_s: float = Field(30.0, gt=0)  # on average, exponential
    idle_timeout_s: float = Field(10.0, ge=0)  # so long after it fell silent, its controller says that a phone is gone
    offset_sigma_db: float = Field(5.0, ge=0, le=20)  # phones differ; one draw per phone
    height_m: float = Field(1.1, ge=0, le=2.5)
    ssid: str = Field("Guest", min_length=1, max_length=32)  # a phone has another MAC on another network
    locale: Literal["fr", "en"] = "fr"
    sign_in_share: float = Field(0.8, ge=0, le=1)  # of connected phones: open the sign-in page and press the button
    consent_share: float = Field(0.7, ge=0, le=1)  # of those: tick the box for offers; the others leave every box empty
    open_share: float = Field(1.0, ge=0, le=1)  # of vouchers received: looked at; nothing comes of the others
    mute_share: float = Field(0.0, ge=0, le=1)  # of vouchers looked at: no more of these, please
    redeem_share: float = Field(0.5, ge=0, le=1)  # of vouchers looked at: used, where `responses` says nothing
    responses: dict[str, Response] = Field(default_factory=dict)  # by what it is for: sku, category, or `basket`
    walk_to_share: float = Field(1.0, ge=0, le=1)  # of those who use it: go to its product where it is not at hand
    redeem_when: Literal["till", "soon"] = "till"  # soon: within seconds, for demonstrations
    haste: float = Field(1.0, gt=0, le=100)  # people answer their phones so many times faster than usual
    share_share: float = Field(0.3, ge=0, le=1)  # of vouchers looked at: the deal is shared
    friend_open_share: float = Field(0.8, ge=0, le=1)  # of shared links: a friend opens it
    preview_bot_share: float = Field(0.5, ge=0, le=1)  # of shared links: a messenger's preview bot fetches it first
    self_open_share: float = Field(0.0, ge=0, le=1)  # of shared links: the sharer opens it too
    self_private_share: float = Field(0.0, ge=0, le=1)  # of those: in a window of that phone that knows no cookies
    neighbour_open_share: float = Field(0.0, ge=0, le=1)  # of shared links: somebody in the same shop opens it

    @model_validator(mode="after")
    def _intervals_in_order(self) -> PhonesConfig:
        if self.scan_interval_min_s > self.scan_interval_max_s:
            raise ValueError("scan_interval_min_s is above scan_interval_max_s")
        return self
