"""MQTT patterns of sources."""

from __future__ import annotations

import pytest

from engine.ingest.sources.topics import pattern_of, topic_problem


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("meraki/v1/mr/#", "Meraki/v1/mr/N_1/AA:BB/wifi/CC", True),
        ("meraki/v1/mr/#", "meraki/v1/mr", True),
        ("meraki/v1/mr/#", "meraki/v1/mt/N_1", False),
        ("espresense/devices/+/+", "espresense/devices/id/room", True),
        ("espresense/devices/+/+", "espresense/devices/id/room/more", False),
        ("espresense/devices/+/+", "espresense/devices/id/", False),
        ("a.b/c", "aXb/c", False),
    ],
)
def test_patterns_match_as_a_broker_does(pattern: str, topic: str, matches: bool) -> None:
    assert bool(pattern_of(pattern).fullmatch(topic)) is matches


@pytest.mark.parametrize("topic", ["a/#/b", "a/b#", "a/x+/b", "rayon/+/readings/+", "#", "+/readings"])
def test_patterns_that_cannot_be(topic: str) -> None:
    assert topic_problem(topic, "config.yaml", "sources[0].topic") is not None


@pytest.mark.parametrize("topic", ["sci-topic", "meraki/v1/mr/#", "espresense/devices/+/+"])
def test_patterns_that_can(topic: str) -> None:
    assert topic_problem(topic, "config.yaml", "sources[0].topic") is None
