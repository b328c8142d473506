"""The pages that people read, and what stands on them: shell blocks, links, names of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"(?<!\\)\]\((?P<target>[^)\s]+)\)|<img[^>]*src=\"(?P<source>[^\"]+)\"")
_FILE = re.compile(r"`((?:api|engine|simulators|floorplans|tests|docs)/[\w./-]+|[\w-]+\.(?:toml|txt|yml|md)|Makefile)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of shell commands. `mark` is the comment before it: empty, `site`, or `by hand: WHY`."""

    page: Path
    mark: str
    body: str

    def commands(self) -> list[str]:
        """Its commands, one a line, continued lines joined."""
        lines = self.body.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pages() -> list[Path]:
    """Everything that is written for people, in a stable order."""
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    return own + sorted((ROOT / "docs").rglob("*.md")) + [ROOT / "simulators/scenarios/README.md"]


def text(page: Path) -> str:
    """A page as readers get it, its tables included: `tests/docs/test_documented.py` holds them against the code."""
    return page.read_text(encoding="utf-8")


def shell_blocks(page: Path) -> list[Block]:
    """The blocks of shell commands of a page, in their order."""
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(page, m["mark"] or "", m["body"]) for m in found if m["language"] in ("sh", "bash", "shell", "console")
    ]


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures, without those that lead out of the repository."""
    prose = _FENCE.sub("", text(page))
    for found in _LINK.finditer(prose):
        target = found["target"] or found["source"]
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def files_named(page: Path) -> Iterator[str]:
    """Files and folders of the repository that a page names."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in _FILE.finditer(prose):
        yield found[1]


def names_used(page: Path) -> Iterator[str]:
    """What a page writes as a name of the code: `EngineProcess._decode`, `_RULES`, `worth_minor`."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in re.finditer(r"`([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)(?:\([^`]*\))?`", prose):
        if not _FILE.fullmatch(f"`{found[1]}`"):
            yield found[1]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as both MkDocs and repository hosts make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
