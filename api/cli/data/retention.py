"""`rayon retention`: forget now what is too old, engine or not; and show the proof."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from api.cli.engine import CONFIG_OPTION


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("retention")
    def retention(
        config: Path | None = CONFIG_OPTION,
        dry_run: bool = typer.Option(False, "--dry-run", help="Only count what would be forgotten."),
        proof: bool = typer.Option(False, "--proof", help="Forget nothing; print what was forgotten so far."),
        as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    ) -> None:
        """Forget what is older than its period: journals, visits, decisions, deliveries, unused profiles, old keys.

        Engine and API do the same soon after their start and every hour; this is for a site that stands still, and for
        the proof. Every run is written down: the day, the rule, how many rows.

        Example: rayon retention --dry-run
        """
        from api.cli.startup import read_config
        from engine.storage.database import open_database
        from engine.storage.retention.proofs import count_due, forget, proofs
        from engine.storage.retention.rules import rules_of
        from engine.storage.upkeep.copies import require_database

        site, now, failed = read_config(config), time.time(), list[str]()
        url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
        require_database(url)
        db = open_database(url)
        try:
            rules = rules_of(db, site.retention, site.storage.data_dir)
            if not (dry_run or proof):
                forget(db, rules, now, lambda rule, error: failed.append(f"{rule.name}: {error}"))
            rows: list[dict[str, Any]] = (
                [
                    {"rule": rule.name, "keep_s": rule.keep_s, "rows": rows}
                    for rule, rows in count_due(rules, now, lambda rule, error: failed.append(f"{rule.name}: {error}"))
                ]
                if dry_run
                else [asdict(line) for line in proofs(db)]
            )
        finally:
            db.close()
        if as_json:
            print(json.dumps({"due" if dry_run else "proofs": rows}))
        else:
            _print(rows)
        what = "not counted" if dry_run else "not forgotten"
        for said in failed:
            print(f"{what}: {said}; the other rules ran", file=sys.stderr)
        if failed:
            raise typer.Exit(1)


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        day = f"{row['day']}  " if "day" in row else ""
        print(f"{day}{row['rule']:<13}{row['rows']:>8} rows older than {row['keep_s'] / 86_400:g} days")
