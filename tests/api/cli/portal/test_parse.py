"""`rayon portal parse`, as somebody types it: an address, a file of a request, of an answer by RFC 8908, or a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from api.cli.portal.commands import register
from engine.errors import OperatorError
from tests.engine.ingest.portals.test_redirects import RECORDED

Run = Callable[..., Result]
URL = "https://shop.example/w/corner?client_mac=02-00-5E-10-00-01&ap_mac=00:00:5e:00:53:01&ssid=Corner"


@pytest.fixture(name="run")
def runner() -> Run:
    app = typer.Typer()
    register(app)

    @app.callback()
    def root() -> None:
        """The command above `portal`."""

    return lambda *said, given=None: CliRunner().invoke(app, ["portal", "parse", *map(str, said)], input=given)


def test_an_address_is_said_as_json(run: Run) -> None:
    said = json.loads(run(URL, "--json").stdout)
    assert said["portal"] == {
        "client_mac": "02:00:5e:10:00:01",
        "client_ip": None,
        "ap": "00:00:5e:00:53:01",
        "ssid": "Corner",
    }
    assert (said["system"], said["refused"], said["readings"]) == ("generic", {}, [])


def test_a_refusal_is_an_answer_and_no_failure(run: Run) -> None:
    result = run("/w/corner?token=AAECAwQFBgcICQ", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["refused"] == {"encrypted": 1}


def test_people_read_it_in_lines(run: Run) -> None:
    said = run(URL).stdout
    assert "  client_mac: 02:00:5e:10:00:01\n" in said
    assert "  client_ip: -\n" in said


def test_a_request_comes_from_a_file_or_a_pipe_with_its_form(run: Run, tmp_path: Path) -> None:
    recorded = RECORDED["mikrotik-post"]
    kind = "Content-Type: application/x-www-form-urlencoded"
    raw = f"POST /w/corner HTTP/1.1\r\nHost: shop.example\r\n{kind}\r\n\r\n{recorded['body']}\r\n"
    file = tmp_path / "request.txt"
    file.write_bytes(raw.encode())
    from_file = run(file, "--json")
    assert json.loads(from_file.stdout)["portal"]["client_ip"] == "192.0.2.7"
    assert json.loads(from_file.stdout)["grant"] == {"how": "browser_post", "url": "http://10.1.0.1/login"}
    assert run("-", "--json", given=raw).stdout == from_file.stdout


def test_what_the_portal_was_told_opens_seals_and_checks_signatures(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RECORDED["extreme-signed"]
    monkeypatch.setenv("EXTREME_SECRET", recorded["told"]["secret"])
    headers = tmp_path / "headers"
    headers.write_text("Host: shop.example\n")
    told = ["--headers", headers, "--told", "identity=CORNER", "--secret-env", "EXTREME_SECRET", "--json"]
    right = json.loads(run(recorded["target"], *told, "--told", f"now={recorded['told']['now']}").stdout)
    assert (right["signed"], right["portal"]["client_mac"]) == (True, "02:00:5e:10:00:01")
    late = json.loads(run(recorded["target"], *told, "--told", f"now={recorded['told']['now'] + 60}").stdout)
    assert (late["signed"], late["refused"], late["portal"]["client_mac"]) == (False, {"stale": 1}, None)
    sealed = RECORDED["opennds-level2"]
    opened = json.loads(run(sealed["target"], "--told", f"faskey={sealed['told']['secret']}", "--json").stdout)
    assert opened["portal"]["client_mac"] == "02:00:5e:10:00:01"


def test_a_signature_without_a_secret_is_said_to_be_unchecked(run: Run) -> None:
    target = RECORDED["extreme-signed"]["target"]
    assert json.loads(run(target, "--json").stdout)["signed"] is None
    assert "signed: not checked: give --secret-env\n" in run(target).stdout
    assert json.loads(run(URL, "--json").stdout)["signed"] is False


@pytest.mark.parametrize(
    "given", [b"\x89PNG\r\n\x1a\n\0\0", b"<html><body>no</body></html>", b"", b"hello there", b"\xff\xd8\xff\xe0"]
)
def test_what_is_no_request_is_refused_as_such(run: Run, tmp_path: Path, given: bytes) -> None:
    file = tmp_path / "given"
    file.write_bytes(given)
    said = json.loads(run(file, "--json").stdout)
    assert (said["system"], said["refused"]) == (None, {"bad_shape": 1})


@pytest.mark.parametrize(
    "given", ["shop.example/w/corner?", "/w/corner?", "?", "GET /w/corner?", "https://shop.example/?"]
)
def test_every_form_of_an_address_is_one(run: Run, tmp_path: Path, given: str) -> None:
    file = tmp_path / "given"
    file.write_text(f"{given}client_mac=02-00-5E-10-00-01 \n")
    assert json.loads(run(file, "--json").stdout)["portal"]["client_mac"] == "02:00:5e:10:00:01"


def test_an_answer_by_rfc_8908_is_judged(run: Run, tmp_path: Path) -> None:
    answer, headers = tmp_path / "answer.json", tmp_path / "answer.headers"
    answer.write_text('{"captive": false, "seconds-remaining": 326, "venue-info-url": "https://shop.example/me"}')
    headers.write_text("Content-Type: application/captive+json\n")
    said = json.loads(run(answer, "--headers", headers, "--json").stdout)
    assert said["capport"] == {
        "valid": True,
        "captive": False,
        "seconds_remaining": 326,
        "venue_info_url": "https://shop.example/me",
    }
    headers.write_text("Content-Type: text/html\n")
    wrong = json.loads(run(answer, "--headers", headers, "--json").stdout)
    assert (wrong["capport"]["valid"], wrong["refused"]) == (False, {"bad_media_type": 1})


def test_mistakes_are_listed_together(run: Run) -> None:
    result = run(URL, "--told", "colour=red", "--secret-env", "NOT_SET_ANYWHERE", "--told", "now=soon")
    assert isinstance(result.exception, OperatorError)
    assert [(p.file, p.place) for p in result.exception.problems] == [
        ("--told", "colour"),
        ("--secret-env", "NOT_SET_ANYWHERE"),
        ("--told", "now"),
    ]
    missing = run("no-such-file.txt")
    assert isinstance(missing.exception, OperatorError)
    assert "cannot be read" in str(missing.exception)
