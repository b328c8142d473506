"""`rayon doctor`: everything a site stands on, looked at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.data.checks import (
    Condition,
    Found,
    check_broker,
    check_data_dir,
    check_database,
    check_keys,
    check_plans,
    check_portals,
    check_replica,
    check_sources,
)
from api.cli.data.places import SitePlaces
from api.cli.engine import CONFIG_OPTION
from api.cli.startup import config_path, read_config
from engine.errors import OperatorError
from engine.storage.upkeep.copies import NO_DATABASE

_SIGNS = {Condition.OK: "ok     ", Condition.WARNING: "warning", Condition.WRONG: "WRONG  "}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("doctor")
    def doctor(
        config: Path | None = CONFIG_OPTION,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    ) -> None:
        """Look at everything a site stands on, and say in a sentence what is wrong and the way out.

        Configuration, floor plans, campaigns, sources, portals, data_dir, keys, the database's version and pages,
        checkpoints and journals, and whether the broker lets us in. Nothing is changed, and a running site is not
        disturbed. Exit status 1 when something is wrong, 2 where there is no database; warnings are none of that.

        Example: rayon doctor --config config.yaml
        """
        found = examine(config)
        wrong = sum(f.health is Condition.WRONG for f in found)
        if as_json:
            print(json.dumps({"ok": wrong == 0, "found": [asdict(f) for f in found]}, ensure_ascii=False))
        else:
            for f in found:
                print(f"{_SIGNS[f.health]}  {f.what}: {f.says}" + (f"\n         {f.way_out}" if f.way_out else ""))
            print("nothing is wrong" if wrong == 0 else f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong")
        if wrong:
            raise typer.Exit(2 if any(f.says.startswith(NO_DATABASE) for f in found) else 1)


def examine(path: Path | None, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """All that was found. A configuration that cannot be read is all that can be said."""
    try:
        config = read_config(path)
    except OperatorError as error:
        return [
            Found("configuration", Condition.WRONG, f"{p.file}: {p.place}: {p.reason}", p.fix) for p in error.problems
        ]
    places = SitePlaces.of(config, environ)
    file = str(config_path(path) or "config.yaml")
    plans, of_plans = check_plans(config, file)
    of_doors = [check(config, plans, environ, file) for check in (check_sources, check_portals)] if plans else []
    secrets, of_keys = check_keys(places, environ)
    return [
        Found("configuration", Condition.OK, "every key is known and within its bounds"),
        *of_plans,
        *(found for check in of_doors for found in check),
        *check_data_dir(places),
        *of_keys,
        *check_database(places, plans, secrets, config),
        *check_replica(config, environ),
        check_broker(config.mqtt, environ, cluster=config.cluster is not None),
    ]
