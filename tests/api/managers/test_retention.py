"""Managers and data protection officers read what was forgotten; nobody else does."""

from __future__ import annotations

import time

from sqlalchemy import update
from sqlmodel import col

from engine.storage.models.retention import RetentionProofTable
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.vocabulary import RetentionRule
from tests.api.site import Site


def test_the_proof_is_for_managers(site: Site) -> None:
    rules = rules_of(site.db, site.config.retention, site.config.storage.data_dir)
    forget(site.db, rules, time.time())
    with site.db.write() as session:
        session.execute(update(RetentionProofTable).where(col(RetentionProofTable.rule) == "visits").values(rows=41))
    with site.client() as stranger, site.manager() as manager:
        assert stranger.get("/v1/retention").status_code == 401
        said = manager.get("/v1/retention").json()
    assert {line["rule"] for line in said["items"]} == set(RetentionRule)
    assert {line["rule"]: line["keep_s"] for line in said["periods"]}["visits"] == 395 * 86_400.0
    assert {line["rule"]: line["rows"] for line in said["items"]}["visits"] == 40, "one row more was somebody"
    assert all(line["first_at"].endswith("Z") for line in said["items"])
