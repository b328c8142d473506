"""Any request that the OpenAPI document allows, and many that it does not, on both databases: no answer is a 5xx.

To think of a request costs more than to answer it: each goes to a site on SQLite and to one on PostgreSQL.
`RAYON_EXAMPLES` says how many of each operation (`make fuzz`); `make test` tries a few, the same in every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.generation import GenerationMode

from engine.config import ApiConfig, Config
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, small_plan
from tests.clocks import HeldClock
from tests.databases import Postgres, new_sqlite, postgres
from tests.examples import EXPLORED

__all__ = ["postgres"]
EXAMPLES = EXPLORED or 2
ENDLESS = ("/v1/me/stream", "/v1/staff/{store}/stream")  # answers for as long as the page is open
LAST = ("delete", "/v1/me")  # nobody is signed in afterwards


@pytest.fixture
def both(tmp_path: Path, postgres: Postgres, rate_clock: HeldClock) -> Iterator[list[Site]]:
    """The HTTP side on either database, patient with tills."""
    config = Config(api=ApiConfig(port=0, till_attempts_per_minute=1_000_000))
    with (
        served(new_sqlite(tmp_path / "rayon.db"), config, small_plan()) as one,
        postgres.borrowed() as url,
        served(url, config, small_plan()) as other,
    ):
        yield [one, other]


def signed_in(site: Site) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    body = {"store": "corner", "consents": [{"purpose": "location_offers", "channel": "page", "granted": True}]}
    assert session.post(f"{site.url}/v1/sessions", json=body, timeout=60).status_code == 201
    return session


def key_for(path: str) -> dict[str, str]:
    key = SECRETS.till_key if path.startswith("/v1/till") else SECRETS.manager_key
    return {} if path.startswith(("/v1/me", "/v1/sessions")) else {"Authorization": f"Bearer {key}"}


def operations(document: dict[str, Any]) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document)
    found = [found.ok() for found in schema.get_all_operations()]
    wanted = [o for o in found if o.path not in ENDLESS]
    return sorted(wanted, key=lambda o: (o.method.lower(), o.path) == LAST)


@pytest.mark.slow
def test_no_answer_is_our_mistake(both: list[Site], caplog: pytest.LogCaptureFixture) -> None:
    wrong: list[str] = []
    answers: dict[str, Counter[int]] = {site.db.dialect: Counter() for site in both}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    sessions = [signed_in(site) for site in both]
    found = operations(both[0].server.app.openapi())
    assert len(found) > 30
    for operation in found:

        @settings(
            max_examples=EXAMPLES, derandomize=EXPLORED is None, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)))
        def ask(case: Case) -> None:
            headers = {**{str(k): v for k, v in (case.headers or {}).items()}, **key_for(case.path)}
            for site, session in zip(both, sessions, strict=True):
                said = case.call(base_url=site.url, session=session, headers=headers, allow_redirects=False, timeout=60)
                answers[site.db.dialect][said.status_code] += 1
                if said.status_code >= 500:
                    wrong.append(f"{said.status_code} on {site.db.dialect}: {case.as_curl_command()}")

        ask()
    for on_one in answers.values():
        assert {200, 404, 422} <= set(on_one)
    assert wrong == [], "\n".join([*wrong[:5], caplog.text[-3000:]])
