"""Command lines in README and docs run. See docs/index.md for what the comment before a block means."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import pytest

from docs.from_code.vocabulary import commands
from tests.brokers import Mosquitto
from tests.clocks import patience_s
from tests.docs.pages import ROOT, Block, pages, shell_blocks
from tests.docs.rayon_command import RayonCommand
from tests.sites import MANAGER_KEY, TILL_KEY, Site, until

BLOCKS = [block for page in pages() for block in shell_blocks(page)]
RUN = sorted({b.page for b in BLOCKS if b.mark == ""})
SITE = sorted({b.page for b in BLOCKS if b.mark == "site"})
BY_HAND = [b for b in BLOCKS if b.mark.startswith("by hand: ")]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def rayon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayonCommand]:
    with RayonCommand(tmp_path_factory.mktemp("bin")) as command:
        yield command


def environment(rayon: RayonCommand, **more: str) -> dict[str, str]:
    """What a reader has: `rayon` in the path, and one thread a process."""
    path = os.pathsep.join([str(rayon.folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | more


def run(block: Block, folder: Path, rayon: RayonCommand, **more: str) -> str:
    """Its output; its failure is the test's."""
    for name in ("floorplans", "config.yaml"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    script = ["bash", "-euo", "pipefail", "-c", block.body]
    done = subprocess.run(
        script, cwd=folder, env=environment(rayon, **more), capture_output=True, text=True, timeout=patience_s(240)
    )
    assert done.returncode == 0, f"{block.body}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_block_says_how_it_is_tested() -> None:
    assert [b.mark for b in BLOCKS if b.mark not in ("", "site") and b not in BY_HAND] == []
    assert RUN
    assert SITE
    assert BY_HAND


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_blocks_run(page: Path, rayon: RayonCommand, tmp_path: Path) -> None:
    for block in shell_blocks(page):
        if block.mark == "":
            run(block, tmp_path, rayon)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    for program in ("mosquitto_pub", "curl"):
        if shutil.which(program) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed")
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def site(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = Site(tmp_path_factory.mktemp("site"), broker.port, ROOT / "floorplans", ["boutique"])
    running.start("serve")
    try:
        running.wait_ready()
        until(running.hears, timeout_s=120)
        yield running
    finally:
        running.stop()


def beside(block: Block, broker: Mosquitto, site: Site) -> Block:
    """The block with the ports of the test's broker and site in place of the usual ones."""
    body = block.body.replace("127.0.0.1:8000", f"127.0.0.1:{site.api_port}").replace(":1883", f":{broker.port}")
    return Block(block.page, block.mark, body.replace("-p 1883", f"-p {broker.port}"))


@pytest.mark.parametrize("page", SITE, ids=name_of)
def test_blocks_run_beside_a_site(
    page: Path, broker: Mosquitto, site: Site, rayon: RayonCommand, tmp_path: Path
) -> None:
    for block in shell_blocks(page):
        if block.mark == "site":
            until(partial(reported, site), timeout_s=120, what=lambda: str(site.get("/health", MANAGER_KEY)))
            before = taken_in(site)
            body = beside(block, broker, site)
            run(body, tmp_path, rayon, RAYON_MANAGER_KEY=MANAGER_KEY, RAYON_TILL_KEY=TILL_KEY)
            if "mosquitto_pub" in block.body:
                until(
                    partial(took_in_more, site, before),
                    timeout_s=120,
                    what=lambda: str(site.get("/health", MANAGER_KEY)),
                )
                offsets = boutique(site)["clock_offsets_s"]
                assert offsets
                assert all(abs(offset_s) < 60 for offset_s in offsets.values())  # its times are of now


def reported(site: Site) -> bool:
    """Whether the engine has said how it and the store are; its first word comes some time after the pages answer."""
    return {"*", "boutique"} <= {c["store"] for c in site.get("/health", MANAGER_KEY)["components"]}


def boutique(site: Site) -> dict[str, Any]:
    """What the engine says of the store."""
    said = [c for c in site.get("/health", MANAGER_KEY)["components"] if c["component"] == "engine"]
    found: dict[str, dict[str, Any]] = {c["store"]: c["values"] for c in said}
    assert found["*"]["unusable"] == {}
    return found["boutique"]


def took_in_more(site: Site, before: float) -> bool:
    return taken_in(site) > before


def taken_in(site: Site) -> float:
    """How many readings the engine took in; none may have been refused, late, or known before."""
    values = boutique(site)
    assert values["refused"] == {}
    assert (values["late"], values["duplicates"]) == (0, 0)
    return float(values["counts"].get("readings", 0))


@pytest.mark.parametrize("block", BY_HAND, ids=lambda b: f"{name_of(b.page)}: {b.commands()[0][:40]}")
def test_what_is_done_by_hand_exists(block: Block) -> None:
    assert len(block.mark) > len("by hand: why")
    assert [problem for line in block.commands() for problem in problems(line)] == []


def problems(line: str) -> list[str]:
    """What is wrong with a command line that is not run: a command, option, module or target that does not exist."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    said = [list(own) for joins, own in groupby(words, key=lambda word: set(word) <= set(";&|()")) if not joins]
    return [problem for command in said for problem in _problems(command)]


def _problems(words: list[str]) -> list[str]:
    if words[:2] == ["sudo", "-u"]:
        words = words[3:]
    words = list(dropwhile(lambda word: re.fullmatch(r"[A-Z_]+=.*|sudo|exec|time|env|nice|nohup", word), words))
    if words and words[0] == "make":
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = [word for word in words[1:] if not re.search(r"=|^-|^\d+$", word)]
        return [f"make {word}" for word in named if word not in targets]
    if words and re.fullmatch(r"python[\d.]*", Path(words[0]).name) and words[1:2] == ["-m"]:
        return [] if _is_module(words[2]) else [f"no module {words[2]}"]
    if words and Path(words[0]).name == "rayon":
        return rayon_problems(words[1:])
    return []


def _is_module(name: str) -> bool:
    """Whether `python -m` finds it."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # nor the room that it would be in
        return False


def rayon_problems(words: list[str]) -> list[str]:
    """Of a `rayon …` line: an unknown command, unknown options, required ones that are missing."""
    known = commands()
    name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
    if name is None:
        return [] if words[0] in ("--version", "--help") else [f"no command {words[0]}"]
    spellings = {s: entry for text, entry in known[name].parameters for s in text.split(", ")}
    given = [word.split("=")[0] for word in words if word.startswith("-") and word != "-"]
    needed = [text for text, entry in known[name].parameters if entry.default == "required" and text.startswith("-")]
    unknown = [f"{name}: no option {word}" for word in given if word not in spellings and word not in ("-h", "--help")]
    return unknown + [f"{name}: {text} is missing" for text in needed if not set(text.split(", ")) & set(given)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("make nothing-at-all", ["make nothing-at-all"]),
        ("rayon fly", ["no command fly"]),
        ("rayon plan check --fast DIR", ["plan check: no option --fast"]),
        ("KEY=1 .venv/bin/rayon replay readings.csv --mqtt mqtt://x", ["replay: --store is missing"]),
        ("rayon serve --config config.yaml  # all in one; and more", []),
        ("cd /srv/shop && rayon fly", ["no command fly"]),
        ("sudo -u rayon rayon fly; rayon plan check --fast DIR", ["no command fly", "plan check: no option --fast"]),
        ("A=1 sudo make nothing-at-all && make -j 2 check", ["make nothing-at-all"]),
        (".venv/bin/python -m tests.soaks --minutes 60", ["no module tests.soaks"]),
        ("python -m tests.soak --minutes 60", []),
        ("rayon topics 'a; rayon fly' | grep b", ["no command topics"]),
    ],
)
def test_what_does_not_exist_is_found(line: str, found: list[str]) -> None:
    assert problems(line) == found
