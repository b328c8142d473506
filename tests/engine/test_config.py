"""The configuration is strict, and the shipped file says what the defaults are."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config, load_config, parse_config
from engine.errors import OperatorError

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def test_the_shipped_file_is_the_defaults() -> None:
    assert load_config(SHIPPED) == Config()


def test_the_shipped_file_names_every_key() -> None:
    for section, keys in Config().model_dump().items():
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
