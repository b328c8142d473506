"""The whole surface: it starts, documents itself, refuses in one shape, and loads nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from api.app import NEED_KEY
from engine.errors import StorageUnavailable
from tests.api.site import Site, eventually


def test_openapi_is_complete(standing: Site) -> None:
    """Every operation has a tag, a summary and described errors; every reference leads somewhere."""
    with standing.client() as client:
        schema = client.get("/openapi.json").json()
    shapes = schema["components"]["schemas"]
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            assert said.get("tags"), (method, path)
            assert said.get("summary"), (method, path)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', client_text(standing)))
    assert references <= set(shapes)
    assert {"ManagerKey", "TillKey", "ShopperCookie"} <= set(schema["components"]["securitySchemes"])
    assert "application/problem+json" in client_text(standing)


def client_text(standing: Site) -> str:
    with standing.client() as client:
        return client.get("/openapi.json").text


def test_live(standing: Site) -> None:
    with standing.client() as client:
        assert client.get("/health/live").json() == {"status": "live"}


def test_every_write_documents_its_key(standing: Site) -> None:
    with standing.client() as client:
        schema = client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            if path.startswith("/v1/") and method != "get":
                [header] = [p for p in said["parameters"] if p["name"] == "Idempotency-Key"]
                assert header["required"] == path.startswith(NEED_KEY), path


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/sessions", 405, "method_not_allowed"),
        ("GET", "/v1/me", 401, "unauthorized"),
        ("GET", "/v1/stores/corner/campaigns", 401, "unauthorized"),
        ("POST", "/v1/till/check", 401, "unauthorized"),
        ("GET", "/w/nowhere", 404, "not_found"),
    ],
)
def test_refusals_are_problems(standing: Site, method: str, path: str, status: int, code: str) -> None:
    with standing.client() as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("path", "status", "lang", "title"),
    [
        ("/w/nowhere", 404, "fr", "Rien ici"),
        ("/nothing", 404, "en", "Nothing here"),
        ("/broken", 500, "fr", "pas marché"),
    ],
)
def test_people_get_a_page(site: Site, path: str, status: int, lang: str, title: str) -> None:
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    site.server.app.get("/broken")(broken)
    with site.client(**{"Accept": "text/html,*/*", "Accept-Language": lang}) as browser:
        answer = browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert title in answer.text
    assert "swordfish" not in answer.text


def test_invalid_requests_say_where(site: Site) -> None:
    with site.client() as client:
        answer = client.post(
            "/v1/sessions", json={"store": 7, "consents": [{"purpose": "spam", "granted": True}], "x": 1}
        )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"
    places = {p["place"] for p in answer.json()["problems"]}
    assert {
        "body.store",
        "body.consents.0.purpose",
        "body.?",
    } <= places  # made-up names are not repeated


def test_our_own_mistakes_leak_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A bug is a 500 without its text; the traceback is in the log."""

    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    site.server.app.get("/broken")(broken)
    with site.client() as client:
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "swordfish" not in answer.text
    eventually(lambda: "swordfish" in caplog.text)


def test_a_lost_database_is_a_503_with_a_pause(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine raises StorageUnavailable when nobody answers; callers are told when to come back."""

    def away() -> None:
        raise StorageUnavailable("connection refused by db.internal:5432")

    site.server.app.get("/away")(away)
    with site.client() as client:
        answer = client.get("/away")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "db.internal" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/w/corner", "/w/corner/online", "/me", "/till", "/opt-out/corner", "/health", "/docs", "/manage"]
)
def test_pages_load_nothing_from_elsewhere(standing: Site, path: str) -> None:
    """Neither scripts, styles, fonts nor pictures: the store may have no way out."""
    with standing.client(Accept="text/html") as client:
        answer = client.get(path)
        assert "text/html" in answer.headers["content-type"]
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', answer.text)
        assert loaded
        for address in loaded:
            assert address.startswith("/static/"), address
            assert client.get(address).status_code == 200
        assert not re.search(r"<script(?![^>]*(?:src=|application/json))", answer.text)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::"}, 403),  # no address: urlsplit raises ValueError
    ],
)
def test_writes_of_other_sites_are_refused(site: Site, headers: dict[str, str], status: int) -> None:
    with site.client() as client:
        site.sign_in(client)
        answer = client.post("/v1/me/vouchers/nothing/seen", headers=headers)
    assert answer.status_code == status


def test_bodies_are_bounded(site: Site) -> None:
    with site.client() as client:
        answer = client.post("/v1/sessions", content=b"x" * 1_100_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
