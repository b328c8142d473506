"""Starting and stopping the server."""

from __future__ import annotations

import socket

import httpx
import pytest

from api.server import run_api
from engine.errors import OperatorError
from tests.api.site import SECRETS, Site


def test_a_taken_port_is_the_operators_mistake(site: Site) -> None:
    with pytest.raises(OperatorError, match="cannot listen"):
        run_api(site.config, site.db, SECRETS, {}, port=site.server.port)


def test_links_follow_the_real_port(site: Site) -> None:
    assert site.server.url == f"http://127.0.0.1:{site.server.port}"
    assert site.server.app.state.ctx.public_url == site.server.url


def test_stopped_is_stopped_and_twice_is_fine(site: Site) -> None:
    site.server.stop()
    site.server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", site.server.port)) != 0


def test_one_process_may_only_serve_and_another_deliver(site: Site) -> None:
    """Without delivery the pages work; nothing is polled."""
    plans = {site.plan.store: site.plan}
    told: list[str] = []
    server = run_api(
        site.config, site.db, SECRETS, plans, port=0, start_delivery=False, on_started=lambda s: told.append(s.url)
    ).start()
    try:
        assert told == [server.url]
        assert httpx.get(f"{server.url}/w/corner", timeout=60).status_code == 200
    finally:
        server.stop()
