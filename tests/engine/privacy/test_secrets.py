"""The site's secrets: made once, kept for their owner only, never shown."""

from __future__ import annotations

import hashlib
import hmac
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.privacy.secrets import Secrets, load_secrets, make_once

ENVIRON = {"RAYON_SITE_KEY": "s" * 32, "RAYON_MANAGER_KEY": "m" * 12, "RAYON_TILL_KEY": "t" * 12}


def test_made_once_and_private(tmp_path: Path) -> None:
    made = load_secrets(tmp_path / "data", {})
    again = load_secrets(tmp_path / "data", {})
    assert made == again
    file = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["secrets.json"]
    assert (len(made.site_key), made.manager_key, made.till_key) == (64, "", "")


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: load_secrets(tmp_path, {}), range(8)))
    assert all(secrets == found[0] for secrets in found)


def test_a_folder_that_cannot_be_written_to_is_said_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "data").touch()  # as a disk that is full: nothing can be made below it, by root neither
    with pytest.raises(OperatorError, match="make room") as refused:
        load_secrets(tmp_path / "data" / "of", {})
    assert refused.value.problems[0].file == str(tmp_path / "data" / "of" / "secrets.json")


def test_the_environment_wins_and_needs_no_file(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path, ENVIRON)
    assert (secrets.site_key, secrets.manager_key, secrets.till_key) == (b"s" * 32, "m" * 12, "t" * 12)
    assert list(tmp_path.iterdir()) == []
    mixed = load_secrets(tmp_path, {"RAYON_TILL_KEY": "t" * 12})
    assert (mixed.till_key, len(mixed.site_key)) == ("t" * 12, 64)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as raised:
        load_secrets(tmp_path, dict.fromkeys(ENVIRON, "short"))
    assert [p.file for p in raised.value.problems] == list(ENVIRON)
    assert "short" not in str(raised.value).replace("too short", "")


@pytest.mark.parametrize("content", ["{", "[]", '{"site_key": 7}'])
def test_a_spoilt_file_is_never_replaced(tmp_path: Path, content: str) -> None:
    """New keys would make every pseudonym and every code of the site another one."""
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(OperatorError, match="backup"):
        load_secrets(tmp_path, {})
    assert (tmp_path / "secrets.json").read_text() == content


def test_a_file_without_the_sites_key_says_so(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"manager_key": "m" * 12}))
    with pytest.raises(OperatorError, match="site_key"):
        load_secrets(tmp_path, {})


def test_keys_in_an_older_file_go_on_working(tmp_path: Path) -> None:
    kept = {"site_key": "s" * 32, "manager_key": "m" * 12, "till_key": "t" * 12}
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    assert load_secrets(tmp_path, {}) == load_secrets(tmp_path, ENVIRON)


def test_never_shown() -> None:
    secrets = load_secrets(Path("/nonexistent"), ENVIRON)
    assert "sss" not in repr(secrets)
    assert "mmm" not in f"{secrets}"


def test_one_key_per_purpose() -> None:
    secrets = load_secrets(Path("/nonexistent"), ENVIRON)
    assert secrets.derive_key("a") == secrets.derive_key("a")
    assert len({secrets.derive_key("a"), secrets.derive_key("b"), secrets.site_key}) == 3
    assert len(secrets.derive_key("a")) == 32


@pytest.mark.parametrize(("name", "least"), [("SITE", 32), ("MANAGER", 12), ("TILL", 12)])
def test_a_key_that_can_be_guessed_is_named_with_how_long_it_must_be(name: str, least: int, tmp_path: Path) -> None:
    variable = f"RAYON_{name}_KEY"
    load_secrets(tmp_path, ENVIRON | {variable: "k" * least})
    with pytest.raises(OperatorError) as refused:
        load_secrets(tmp_path, ENVIRON | {variable: "k" * (least - 1)})
    [problem] = refused.value.problems
    assert (problem.file, problem.place) == (variable, f"{name.lower()}_key")
    assert (problem.reason, problem.fix) == ("missing or too short", f"at least {least} characters")


def test_a_key_of_the_file_that_is_too_short_is_named_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"site_key": "s" * 31, "till_key": "t" * 11}))
    with pytest.raises(OperatorError) as refused:
        load_secrets(tmp_path, {})
    assert [(p.file, p.place) for p in refused.value.problems] == [
        (str(tmp_path / "secrets.json"), name) for name in ("site_key", "till_key")
    ]
    load_secrets(tmp_path, {"RAYON_SITE_KEY": "s" * 32, "RAYON_TILL_KEY": "t" * 12})


def test_what_stands_is_never_written_over_and_leaves_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "of" / "once.json"
    make_once(file, "first\n")
    make_once(file, "second\n")
    assert file.read_text() == "first\n"
    assert [p.name for p in file.parent.iterdir()] == ["once.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_of_a_purpose_is_the_hmac_of_its_name() -> None:
    expected = hmac.new(b"s" * 32, b"rayon:portal", hashlib.sha256).digest()
    assert Secrets(b"s" * 32).derive_key("portal") == expected
    assert (Secrets(b"s").manager_key, Secrets(b"s").till_key) == ("", "")
