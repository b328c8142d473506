"""The wallet's service worker as the server hands it out."""

from __future__ import annotations

import re

from api.shoppers.wallet.app_files import kept_files, version
from tests.api.site import Site


def test_the_worker_serves_the_whole_site_and_is_asked_for_at_every_visit(site: Site) -> None:
    """From the root, as a script, never from a cache, with the version of what it keeps and the part for push."""
    with site.client() as client:
        answer = client.get("/sw.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["service-worker-allowed"] == "/"
    assert answer.text.startswith(f'self.RAYON = {{"version": "{version()}"')
    assert 'importScripts("/static/worker_push.js")' in answer.text


def test_every_file_that_the_worker_keeps_is_there(site: Site) -> None:
    """One that is missing would fail the installation on every phone. The workers do not keep themselves."""
    with site.client() as client:
        for name in kept_files():
            assert client.get(f"/static/{name}").status_code == 200, name
        assert client.get("/static/worker_push.js").status_code == 200
    assert not [name for name in kept_files() if re.match("worker", name)]


def test_pages_may_start_a_worker_of_their_own_site_only(site: Site) -> None:
    """The content policy says so by name."""
    with site.client() as client:
        assert "worker-src 'self'" in client.get("/").headers["content-security-policy"]
