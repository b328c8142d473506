"""MQTT topic patterns of sources: `+` is one part, `#` at the end is the rest (MQTT 5, 4.7)."""

from __future__ import annotations

import re

from engine.errors import Problem


def pattern_of(topic: str) -> re.Pattern[str]:
    """What matches the topics that a broker delivers for this pattern. Cases do not matter: vendors spell their own
    topics in several."""
    parts = ["[^/]+" if part == "+" else re.escape(part) for part in topic.split("/") if part != "#"]
    rest = "(?:/.*)?" if topic.endswith("#") else ""
    return re.compile("/".join(parts) + rest if parts else ".*", re.IGNORECASE | re.DOTALL)


def topic_problem(topic: str, file: str, place: str) -> Problem | None:
    """What is wrong with a pattern."""
    parts = topic.split("/")
    if any("#" in part for part in parts[:-1]) or "#" in parts[-1][:-1] or (len(parts[-1]) > 1 and "#" in parts[-1]):
        return Problem(file, place, "# stands for the rest of a topic", "put it at the end, after a /")
    if any("+" in part and part != "+" for part in parts):
        return Problem(file, place, "+ stands for one whole part", "write it alone between two /")
    if parts[0].lower() == "rayon" or parts[0] in ("#", "+"):
        return Problem(file, place, "this pattern covers Rayon's own topics", "begin it with the vendor's own word")
    return None
