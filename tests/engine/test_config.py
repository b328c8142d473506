"""The configuration is strict, and the shipped file says what the defaults are."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config, load_config, parse_config
from engine.config.segments import ConditionConfig
from engine.errors import OperatorError
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import device_hex

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def test_the_shipped_file_is_the_defaults() -> None:
    assert load_config(SHIPPED) == Config()


def test_the_shipped_file_names_every_key() -> None:
    everything = Config.model_validate({"cluster": {}})  # commented out there: the key alone makes a cluster
    for section, keys in everything.model_dump().items():
        for key in keys:
            assert f"  {key}:" in SHIPPED.read_text(), f"{section}.{key}"


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
