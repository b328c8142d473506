"""The demo asked for push and then said `"offered": false`; a site asks only for what it can do.

Push is asked for only with a contact for push services, e-mail only with a server, SMS only with a gateway. And the
demo asks for what its simulated shoppers do: their labels were all refused (`learning_not_agreed`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli.demo.run import demo_config
from engine.config import Config
from engine.delivery.opening import agreed_by_nobody, asked_consents, decision_rules, list_unasked
from engine.vocabulary import Channel

OFFERS = [f"location_offers:{channel}" for channel in ("page", "push", "email", "sms", "app")]
MAIL = {"host": "smtp.example.org", "sender": "Shop <shop@example.org>"}
SMS = {"webhook_url": "https://gateway.example.org/rayon"}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({}, ["page"]),
        ({"delivery": {"push_contact": "mailto:it@example.org"}}, ["page", "push"]),
        ({"mail": MAIL}, ["page", "push", "email"]),
        ({"delivery": SMS}, ["page", "sms"]),
        ({"delivery": {"app_url": "https://app.example.org/rayon"}}, ["page", "app"]),
    ],
)
def test_a_channel_is_asked_for_where_the_site_has_it(said: dict[str, object], asked: list[str]) -> None:
    config = Config.model_validate({**said, "privacy": {"asked": [*OFFERS, "statistics:any"]}})
    assert list(asked_consents(config)) == [*(f"location_offers:{c}" for c in asked), "statistics:any"]
    assert [f"location_offers:{c}" for c in Channel if c in decision_rules(config).channels] == list(
        asked_consents(config)
    )[:-1]
    assert set(list_unasked(config)) == set(OFFERS) - set(asked_consents(config))


def test_nothing_is_said_of_what_nobody_chose() -> None:
    assert "location_offers:push" not in asked_consents(Config())
    assert list_unasked(Config()) == {}


def test_a_gateway_that_nobody_is_asked_for_is_said() -> None:
    """An operator set up SMS and app by the guide, which did not say that pages have to ask: nothing went there."""
    gateways = {**SMS, "app_url": "https://app.example.org/rayon"}
    unasked = Config.model_validate({"delivery": gateways})
    assert agreed_by_nobody(unasked) == {
        "delivery.app_url": "location_offers:app",
        "delivery.webhook_url": "location_offers:sms",
    }
    assert agreed_by_nobody(Config.model_validate({"delivery": gateways, "privacy": {"asked": OFFERS}})) == {}
    assert agreed_by_nobody(Config()) == {}


def test_the_demo_asks_for_what_it_does(tmp_path: Path) -> None:
    config = demo_config(tmp_path, tmp_path, 1883, 8000)
    assert asked_consents(config) == config.privacy.asked
    assert "location_learning:any" in config.privacy.asked
