"""The configuration is strict, and the shipped file says what the defaults are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.config import Config, check_controller, check_worth, load_config, parse_config
from engine.config.segments import JOINED_FACTS, ConditionConfig
from engine.errors import OperatorError
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import device_hex

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def test_the_shipped_file_is_the_defaults() -> None:
    assert load_config(SHIPPED) == Config()


def test_the_shipped_file_names_every_key() -> None:
    everything = Config.model_validate({"cluster": {}})  # commented out there: the key alone makes a cluster
    written = SHIPPED.read_text(encoding="utf-8")
    cluster = "\n".join(re.findall(r"(?m)^# ( {4}\w.*)$", written.partition("#   cluster:\n")[2]))
    shipped = yaml.safe_load(written) | {"cluster": yaml.safe_load(cluster)}
    missing = [name for name in keys_of(everything.model_dump()) if name not in set(keys_of(shipped))]
    assert missing == [], "write them into config.yaml, each in its section with its default and what it is for"


def keys_of(section: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Every key at its own place, parts after a dot."""
    for key, value in section.items():
        yield f"{before}{key}"
        if isinstance(value, Mapping):
            yield from keys_of(value, f"{before}{key}.")


def test_a_key_of_the_same_name_elsewhere_is_not_it() -> None:
    assert list(keys_of({"mqtt": {"port": 1}, "api": {"host": "x"}})) == ["mqtt", "mqtt.port", "api", "api.host"]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({"mqtt": {"prot": 1}}, "mqtt.prot"),
        ({"mqtt": {"port": "http"}}, "mqtt.port"),
        ({"nonsense": {}}, "nonsense"),
        ({"storage": {"checkpoint_s": 0}}, "storage.checkpoint_s"),
        ({"api": {"public_url": "rayon.example"}}, "api.public_url"),
        ({"api": {"public_url": "https://"}}, "api.public_url"),
        ({"sources": [{"name": "a", "kind": "mist", "stores": "shop", "topic": "a"}]}, "sources[0].stores"),
        ({"portals": [{"store": "a", "system": "netgear"}]}, "portals[0].system"),
        ({"privacy": {"staff": ["02:00:5e:10:00:01"]}}, "privacy.staff[0]"),
        ({"portals": [{"store": "a", "system": "unifi"}]}, "portals[0]"),  # whom our server calls has an address
        (["a", "list"], "(whole file)"),
    ],
)
def test_a_mistake_is_named_with_its_place(raw: object, place: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse_config(raw, "config.yaml")
    assert [(p.file, p.place) for p in caught.value.problems] == [("config.yaml", place)]


def test_an_empty_file_is_the_defaults() -> None:
    assert parse_config(None, "config.yaml") == Config()


def test_what_is_no_yaml_is_shown_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mqtt:\n  port: 1\n bad: [\n")
    with pytest.raises(OperatorError) as caught:
        load_config(path)
    assert caught.value.problems[0].place.startswith("line 3")


def test_staff_are_named_by_pseudonyms_and_known_again_every_day() -> None:
    names = Pseudonyms(b"0123456789abcdef", 0.0)
    badge = "02:00:5e:10:00:01"
    config = parse_config({"privacy": {"staff": [device_hex(names.stable(badge))]}}, "config.yaml")
    names.refresh(config.privacy.staff_devices)
    days = [int(names(badge))]
    names.start_day(30 * 86_400.0)
    days.append(int(names(badge)))
    assert days == [config.privacy.staff_devices[0]] * 2


def test_what_is_declared_once_is_not_declared_twice() -> None:
    """Of a store's portals of one system, of a programme's worth and of tiers there is one each: one is no mistake."""
    portal = {"store": "a", "system": "ruckus"}
    worth = {"programme": "p", "points": 100, "amount_minor": 100, "currency": "EUR"}
    tier = {"name": "gold", "from_points": 100}
    for raw in ({"portals": [portal]}, {"loyalty": {"worth": [worth]}}, {"loyalty": {"tiers": [tier]}}):
        parse_config(raw, "config.yaml")
    for raw, name in (
        ({"portals": [portal] * 2}, "a, ruckus"),
        ({"loyalty": {"worth": [worth] * 2}}, "p"),
        ({"loyalty": {"tiers": [tier, {**tier, "from_points": 200}]}}, "gold"),
    ):
        with pytest.raises(OperatorError, match=f"declared twice: {name}"):
            parse_config(raw, "config.yaml")
    parse_config({"portals": [portal, {**portal, "store": "b"}, {"store": "a", "system": "meraki"}]}, "config.yaml")


def test_a_favourite_is_one_of_three_where_nobody_says_of_how_many() -> None:
    said = {"fact": "favourite", "category": "tea"}
    assert ConditionConfig.model_validate(said).best == 3
    assert ConditionConfig.model_validate({**said, "top": 1}).best == 1


def refusals(raw: object) -> list[tuple[str, str]]:
    """(place, reason) of every mistake; none where it is right."""
    try:
        parse_config(raw, "config.yaml")
    except OperatorError as refused:
        return [(p.place, p.reason) for p in refused.problems]
    return []


def said(raw: object) -> str:
    [(_, reason)] = refusals(raw)
    return reason


def condition(**changes: object) -> dict[str, object]:
    return {"segments": [{"name": "s", "fr": "S", "en": "S", "when": [changes]}]}


@pytest.mark.parametrize(
    ("when", "wrong"),
    [
        ({"fact": "visits"}, ""), ({"fact": "visits", "at_least": 2, "at_most": 2}, ""),
        ({"fact": "visits", "at_least": 3, "at_most": 2}, "at_least is above at_most: nobody would be meant"),
        ({"fact": "visits", "at_most": 2}, ""), ({"fact": "visits", "at_least": 2}, ""),
        ({"fact": "visits", "at_least": 0, "at_most": 0}, ""),
        ({"fact": "visits", "at_least": 0}, "at_least 0 is everybody: leave it out, or give at_most"),
        ({"fact": "visits", "product": "p", "category": "c"},
         "category, product says nothing of visits: beside it may stand at_least, at_most, store, within_days, zone"),
        ({"fact": "spent", "at_least": 1}, "spent needs currency"), ({"fact": "spent", "currency": "EUR"}, ""),
        ({"fact": "favourite"}, "favourite needs category"), ({"fact": "tier"}, "tier needs tiers"),
        ({"fact": "lingers", "store": "s"}, "lingers needs zone"),
        ({"fact": "lingers", "zone": "z", "holds": False}, ""),
        ({"fact": "tier", "tiers": ["gold"]}, ""), ({"fact": "purchases", "channel": "web", "store": "s"}, ""),
        ({"fact": "views", "store": "s"},
         "store says nothing of views: beside it may stand at_least, at_most, category, product, within_days"),
    ],
)  # fmt: skip
def test_what_may_stand_beside_a_fact(when: dict[str, object], wrong: str) -> None:
    found = refusals(condition(**when))
    assert [reason.removeprefix("Value error, ") for _, reason in found] == ([wrong] if wrong else [])


@pytest.mark.parametrize(
    ("given", "least"), [({}, 1), ({"at_most": 5}, 0), ({"at_least": 3}, 3), ({"at_least": 0, "at_most": 0}, 0)]
)
def test_once_is_enough_where_nobody_says_how_often(given: dict[str, int], least: int) -> None:
    assert ConditionConfig.model_validate({"fact": "visits", **given}).least == least


def test_facts_that_visits_are_put_beside_the_shops_systems_for() -> None:
    assert frozenset({"purchases", "spent", "favourite", "tier", "views", "baskets_left", "stops"}) == JOINED_FACTS


def test_segments_and_receivers_have_a_name_each() -> None:
    one = {"name": "s", "fr": "S", "en": "S", "when": [{"fact": "visits"}]}
    assert refusals({"segments": [one, {**one, "name": "t"}]}) == []
    assert said({"segments": [one, one, {**one, "name": "t"}]}).endswith("declared twice: s")
    pull = {"name": "c", "form": "pull"}
    assert refusals({"crm": {"receivers": [pull, {**pull, "name": "d"}]}}) == []
    assert said({"crm": {"receivers": [pull, pull]}}).endswith("receivers: named twice: c")
    reward = {"id": "r", "fr": "R", "en": "R", "points": 1, "currency": "EUR", "amount_minor": 1}
    assert refusals({"loyalty": {"rewards": [reward, {**reward, "id": "q"}]}}) == []
    assert said({"loyalty": {"rewards": [reward, reward]}}).endswith("declared twice: r")


EVENTS = {"name": "c", "form": "events", "url": "https://crm.example/in", "secret_env": "S"}


@pytest.mark.parametrize(
    ("receiver", "wrong"),
    [
        (EVENTS, ""), ({"name": "c", "form": "pull"}, ""),
        ({"name": "c", "url": "https://x.example/", "secret_env": "S"}, ""),
        ({"name": "c", "form": "pull", "url": "https://x.example/"},
        "a receiver that asks (pull) has a key of scope crm"),
        ({"name": "c", "form": "pull", "secret_env": "S"}, "a receiver that asks (pull) has a key of scope crm"),
        ({"name": "c", "form": "pull", "mapping": "m.yaml"}, "a receiver that asks (pull) has a key of scope crm"),
        ({**EVENTS, "secret_env": None}, "events needs secret_env"), ({**EVENTS, "url": None}, "events need url"),
        ({**EVENTS, "mapping": "m.yaml"}, "events need url, and take no mapping"),
        ({**EVENTS, "events": ["erasure"]}, "erasures always go to whoever was told"),
    ],
)  # fmt: skip
def test_what_a_customer_file_needs(receiver: dict[str, object], wrong: str) -> None:
    found = refusals({"crm": {"receivers": [receiver]}})
    assert [wrong in reason for _, reason in found] == ([True] if wrong else [])


@pytest.mark.parametrize(
    ("reward", "wrong"),
    [
        ({"amount_minor": 1}, ""), ({"basis_points": 1, "max_discount_minor": 5}, ""),
        ({"amount_minor": 1, "product": "p"}, ""),
        ({}, "exactly one of"), ({"amount_minor": 1, "basis_points": 1}, "exactly one of"),
        ({"amount_minor": 1, "product": "p", "category": "c"}, "give product or category"),
        ({"amount_minor": 1, "max_discount_minor": 5}, "goes with basis_points"),
        ({"amount_minor": 1, "category": "c"}, ""),
    ],
)  # fmt: skip
def test_what_a_reward_takes_off(reward: dict[str, object], wrong: str) -> None:
    found = refusals(
        {"loyalty": {"rewards": [{"id": "r", "fr": "R", "en": "R", "points": 1, "currency": "EUR"} | reward]}}
    )
    assert [wrong in reason for _, reason in found] == ([True] if wrong else [])


SOURCE = {"name": "a", "kind": "mist", "stores": ["s"]}


@pytest.mark.parametrize(
    ("ways", "right"),
    [({}, False), ({"topic": "a"}, True), ({"receiver": True}, True), ({"url": "https://a"}, True),
    ({"url": "wss://a"}, True),
     ({"topic": "a", "receiver": True}, False), ({"topic": "a", "url": "https://a"}, False),
     ({"url": "ftp://a"}, False)],
)  # fmt: skip
def test_a_source_comes_one_way(ways: dict[str, object], right: bool) -> None:
    assert (refusals({"sources": [SOURCE | ways]}) == []) is right


def point(x: float) -> dict[str, object]:
    return {"theirs": [x, 0.0], "ours": [x, 1.0]}


@pytest.mark.parametrize(
    ("lies", "wrong"),
    [
        ({}, ""), ({"points": [point(0), point(1)]}, ""), ({"y_down": True, "height_m": 5}, ""),
        ({"y_down": True, "points": [point(0), point(1)]}, ""), ({"points": [point(0)]}, "one point says where"),
        ({"points": [point(0), point(0)]}, "two points at the same place"),
        ({"points": [point(0), point(1), point(2)]}, "must have at most 2 entries"),
        ({"y_down": True}, "y_down needs height_m or two"),
    ],
)  # fmt: skip
def test_where_a_sources_map_lies(lies: dict[str, object], wrong: str) -> None:
    found = refusals({"sources": [SOURCE | {"topic": "a", "maps": [{"level": "0"} | lies]}]})
    assert [wrong in reason for _, reason in found] == ([True] if wrong else [])


@pytest.mark.parametrize(
    ("raw", "right"),
    [
        ({"ingest": {"terminals": ["02:00:5e:00:00:01", "02005E000001", "02-00-5e-00-00-01"]}}, True),
        ({"ingest": {"terminals": ["02:00:5e:00:00"]}}, False),
        ({"ingest": {"terminals": ["02:00:5e:00:00:01 "]}}, False),
        ({"cluster": {"ray_dir": "/" + "r" * 39}}, True), ({"cluster": {"ray_dir": "/" + "r" * 40}}, False),
        ({"cluster": {"ray_dir": "ray"}}, False),
        ({"presence": {"enter_probability": 0.3, "leave_probability": 0.29}}, True),
        ({"mail": {"host": "m"}}, False), ({"mail": {"sender": "a@b.c"}}, False),
        ({"mail": {"host": "m", "sender": "a@b.c"}}, True), ({"mail": {"host": "m", "sender": "Shop <a@b.c>"}}, True),
        ({"mail": {"host": "m", "sender": "Shop"}}, False),
        ({"mail": {"host": "m", "sender": "a@b.c\nBcc: x@y.z"}}, False),
        ({"privacy": {"k": 10}}, True), ({"privacy": {"k": 9}}, False), ({"privacy": {"k": 9, "demo": True}}, True),
        ({"portals": [{"store": "a", "system": "meraki"}]}, True),
        ({"portals": [{"store": "a", "system": "omada", "url": "https://c"}]}, True),
        ({"portals": [{"store": "a", "system": "omada"}]}, False),
        ({"portals": [{"store": "a", "system": "smartzone"}]}, False),
        ({"portals": [{"store": "a", "system": "sonicwall"}]}, False), ({"api": {"public_url": "HTTP://a"}}, True),
        ({"delivery": {"webhook_url": "https://a.example/x"}}, True),
        ({"delivery": {"webhook_url": "https://u:p@a.example/"}}, False),
        ({"delivery": {"webhook_url": "https://u@a.example/"}}, False),
        ({"delivery": {"webhook_url": "https://[a/"}}, False),
    ],
)  # fmt: skip
def test_what_is_right_and_what_is_not(raw: object, right: bool) -> None:
    assert (refusals(raw) == []) is right


@pytest.mark.parametrize(
    ("api", "demo", "asked"),
    [
        ({}, False, False), ({"public_url": "https://a"}, False, True), ({"public_url": "HTTPS://a"}, False, True),
        ({"public_url": "http://a"}, False, False), ({"secure_cookies": True}, False, True),
        ({"secure_cookies": True}, True, False),
    ],
)  # fmt: skip
def test_a_site_in_production_says_who_is_responsible(api: dict[str, object], demo: bool, asked: bool) -> None:
    config = parse_config({"api": api, "privacy": {"demo": demo}, "controller": {"name": "Shop"}}, "c.yaml")
    if not asked:
        check_controller(config, "c.yaml")
        return
    with pytest.raises(OperatorError) as refused:
        check_controller(config, "c.yaml")
    assert [p.place for p in refused.value.problems] == [
        "controller.address",
        "controller.email",
        "controller.dpo_email",
    ]
    whole = {"name": "Shop", "address": "1 rue", "email": "a@b.c", "dpo_email": "d@b.c"}
    check_controller(parse_config({"api": api, "controller": whole}, "c.yaml"), "c.yaml")


def test_rates_and_rules_in_a_currency_that_no_store_has_are_named_with_their_fix() -> None:
    rate = {"points": 1, "amount_minor": 1, "currency": "CHF"}
    rule = {"points": 1, "per_minor": 1, "currency": "CHF", "tiers": ["gold", "silver"]}
    loyalty = parse_config(
        {"loyalty": {"worth": [rate], "earn": [rule], "tiers": [{"name": "gold", "from_points": 1}]}}, "c"
    ).loyalty
    with pytest.raises(OperatorError) as refused:
        check_worth(loyalty, {"USD", "EUR"}, "c")
    fix = "a currency of the floor plans: EUR, USD"
    assert [(p.place, p.reason, p.fix) for p in refused.value.problems] == [
        ("loyalty.worth[0].currency", "no store has this currency", fix),
        ("loyalty.earn[0].currency", "no store has this currency", fix),
        ("loyalty.earn[0].tiers", "there is no tier 'silver'", "a name of loyalty.tiers"),
    ]
    assert (loyalty.of("points"), loyalty.of("miles")) == (loyalty.worth[0], None)


def test_hours_and_names_are_told_in_other_units() -> None:
    config = parse_config({"offers": {"stock_believed_h": 1.5}, "privacy": {"staff": ["00000000000000ff"]}}, "c")
    assert (config.offers.stock_believed_s, config.privacy.staff_devices) == (5400.0, (255,))
    assert load_config(None) == Config()


def test_a_list_with_a_wrong_entry_is_not_said_to_be_too_short_as_well() -> None:
    """Entries with mistakes of their own are not counted by the validator: the list has one all the same."""
    wrong = condition(fact="gossip")
    assert [place for place, _ in refusals(wrong)] == ["segments[0].when[0].fact"]
    empty = {"segments": [{"name": "s", "fr": "S", "en": "S", "when": []}]}
    assert refusals(empty) == [("segments[0].when", "must have at least 1 entry")]
