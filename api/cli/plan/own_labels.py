"""What a running store's own labels say, for `rayon plan accuracy`: as its engine told the site's database last."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from api.cli.sources.labels import labels_in_words, promise_in_words
from engine.offers.promise import Promise

NOT_ASKED = "labels: none looked at, all of this is told by the plan alone; --config asks the running site for its own"
NONE = "labels: {store} has none yet, all of this is told by the plan alone"


def own_labels(store: str, config: Path | None) -> dict[str, Any]:
    """`used`, how many labels taught, and sentences on them and on campaigns that they decide. Raises OperatorError."""
    if config is None:
        return {"used": 0, "said": [NOT_ASKED]}
    from api.cli.startup import read_config
    from engine.storage.database import open_database
    from engine.storage.status import ENGINE, get_status

    site = read_config(config)
    with closing(open_database(os.environ.get("RAYON_DATABASE_URL", site.storage.url))) as db:
        row = next((r for r in get_status(db) if r.component == ENGINE and r.store == store), None)
    values = {} if row is None else row.values
    figures = values.get("labels", {})
    if not figures.get("used") and not figures.get("refused"):
        return {"used": 0, "said": [NONE.format(store=store)]}
    campaigns = [
        f"{name}: {promise_in_words(_promise(given))}"
        for name, given in sorted(values.get("promises", {}).items())
        if given["by_labels"]
    ]
    return {"used": figures["used"], "said": [*labels_in_words(figures), *campaigns]}


def _promise(given: dict[str, Any]) -> Promise:
    names = ("threshold", "precision", "precision_low", "recall", "labelled", "precision_high")
    return Promise(*(given[name] for name in names))
