"""A salted hash is a pseudonym: no page, text or document calls anything of ours anonymous that is none.

The word may stand where it says what the law asks for, or what something is not; each such place is named here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"anonym", re.IGNORECASE)
READ = [
    *sorted((ROOT / "api" / "texts").glob("*.yaml")),
    *sorted((ROOT / "api").rglob("*.html")),
    *sorted((ROOT / "api" / "static").glob("*.js")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs" / "words").glob("*.yaml")),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "config.yaml")),
]
MAY = (
    "Audience measurement without consent: make anonymous at once, or pseudonymise and destroy within 24 hours",
    "k-anonymity",
    "k_anonymity",
    '| hash, "anonymous id" |',
    "Mondrian multidimensional k-anonymity",
)


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_calls_a_pseudonym_anonymous(path: Path) -> None:
    text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
    for allowed in MAY:
        text = text.replace(allowed, "")
    assert [text[max(0, m.start() - 40) : m.end() + 40] for m in WORD.finditer(text)] == []


def test_what_people_read_calls_it_a_pseudonym() -> None:
    for lang in ("fr", "en"):
        said = (ROOT / "api" / "texts" / f"{lang}.yaml").read_text(encoding="utf-8")
        assert "pseudonym" in said
