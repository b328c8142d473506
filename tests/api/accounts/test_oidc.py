"""The single sign-on: who has an account comes in, and no answer that is not this browser's, this client's, in time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from joserfc.jwk import ECKey

from api.accounts.oidc import BACK, START, check_oidc
from api.accounts.oidc import SECRET as VARIABLE
from engine.config import ApiConfig, Config, OidcConfig
from engine.errors import OperatorError
from engine.vocabulary import Role
from tests.api.accounts.issuers import CLIENT, SECRET, Issuer, issuing
from tests.api.site import Site

HERE = (Role.VIEWER, "corner")
NOW = int(time.time())


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv(VARIABLE, SECRET)
    with issuing() as made:
        yield made


@pytest.fixture
def config(issuer: Issuer) -> Config:
    return Config(api=ApiConfig(port=0, oidc=OidcConfig(name="Directory", issuer=issuer.url, client_id=CLIENT)))


def asked(browser: httpx.Client, issuer: Issuer) -> dict[str, str]:
    return issuer.send(browser.get(START, params={"to": "/account"}).headers["location"])


def tried(site: Site, issuer: Issuer) -> int:
    """The status of a whole sign-in; 303 is in."""
    with site.client(Accept="text/html") as browser:
        answer = browser.get(BACK, params=asked(browser, issuer))
        assert (answer.status_code == 303) == (browser.get("/account").status_code == 200)
        return answer.status_code


def test_the_verified_address_binds_once_and_then_the_subject_counts(site: Site, issuer: Issuer) -> None:
    site.account("ana", HERE, password=None)
    with site.client(Accept="text/html") as browser:
        assert "Directory" in browser.get("/manage").text
        back = asked(browser, issuer)
        assert issuer.asked["redirect_uri"].endswith(BACK)
        assert (issuer.asked["code_challenge_method"], issuer.asked["scope"]) == ("S256", "openid email")
        assert browser.get(BACK, params=back).headers["location"] == "/account"
        assert browser.get("/v1/stores/corner/zones").status_code == 200
        assert browser.get(BACK, params=back).status_code == 401  # an answer is good once
    issuer.claims = {"email": "ana@elsewhere.example", "email_verified": False}
    assert tried(site, issuer) == 303
    issuer.claims = {"sub": "s-2"}  # somebody else who was given her address
    assert tried(site, issuer) == 401


def test_no_answer_that_does_not_hold_is_believed(site: Site, issuer: Issuer) -> None:
    site.account("ana", HERE, password=None)
    wrong: list[dict[str, object]] = [
        {"nonce": "another"}, {"nonce": None},
        {"aud": "another client"}, {"aud": ["another client"]}, {"aud": None},
        {"exp": NOW - 120}, {"exp": None}, {"iat": None},
        {"iss": "https://elsewhere.example"}, {"iss": None}, {"sub": None},
        {"azp": "another client"},
        {"email_verified": False}, {"email_verified": "true"}, {"email_verified": None},
        {"email": "nobody@example.org"}, {"email": None},
    ]  # fmt: skip
    let_in = []
    for claims in wrong:
        issuer.claims = claims
        if tried(site, issuer) != 401:
            let_in.append(claims)
    assert let_in == []
    issuer.claims, issuer.key = {}, ECKey.generate_key("P-256", {"kid": "k1"})
    assert tried(site, issuer) == 401
    issuer.key = issuer.public
    assert tried(site, issuer) == 303


def test_an_answer_belongs_to_the_browser_that_asked(site: Site, issuer: Issuer) -> None:
    """Otherwise a stranger signs somebody in as the stranger, and reads what they write."""
    site.account("ana", HERE, password=None)
    with site.client() as thief, site.client() as victim:
        stolen = asked(thief, issuer)
        assert victim.get(BACK, params=stolen).status_code == 401
        asked(victim, issuer)
        assert victim.get(BACK, params=stolen).status_code == 401
        assert victim.get(BACK, params={"error": "access_denied"}).status_code == 401
        assert victim.get(BACK, params={**asked(victim, issuer), "code": "another"}).status_code == 401


def test_an_issuer_that_is_another_or_away_is_said(site: Site, issuer: Issuer) -> None:
    with site.client(Accept="text/html") as browser:
        right, issuer.url = issuer.url, "https://elsewhere.example"
        answer = browser.get(START)
        issuer.url = right
    assert (answer.status_code, "unique" in answer.text) == (401, True)


def test_without_a_declaration_there_is_none(issuer: Issuer, config: Config) -> None:
    check_oidc(Config(), {}, "config.yaml")
    check_oidc(config, {VARIABLE: SECRET}, "config.yaml")
    with pytest.raises(OperatorError, match=VARIABLE):
        check_oidc(config, {}, "config.yaml")
