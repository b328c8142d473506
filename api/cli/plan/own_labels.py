"""What a running store goes by, for `rayon plan accuracy`: its own labels and the promises of its campaigns, as its
engine told the site's database last."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from api.cli.sources.labels import PAUSES, labels_in_words, promise_in_words, say_lies, say_moved
from engine.offers.promise import Promise, PromiseBasis

NOT_ASKED = "labels: none looked at, all of this is told by the plan alone; --config asks the running site for its own"
NONE = "labels: {store} has none yet, all above this line is told by the plan alone"
NO_PROMISES = "the running engine has no campaign that states a precision: nothing to set beside the plan's figures"
NO_ENGINE = "no engine has reported of {store} yet: nothing to set beside the plan's figures"


def own_labels(store: str, config: Path | None) -> dict[str, Any]:
    """`used`, how many labels taught, sentences on them and on what the running engine goes by, and under `campaigns`
    its own figures of each campaign that states a precision. Raises OperatorError."""
    if config is None:
        return {"used": 0, "said": [NOT_ASKED], "campaigns": {}}
    from api.cli.startup import read_config
    from engine.storage.database import open_database
    from engine.storage.status import ENGINE, get_status

    site = read_config(config)
    with closing(open_database(os.environ.get("RAYON_DATABASE_URL", site.storage.url))) as db:
        row = next((r for r in get_status(db) if r.component == ENGINE and r.store == store), None)
    if row is None:
        return {"used": 0, "said": [NONE.format(store=store), NO_ENGINE.format(store=store)], "campaigns": {}}
    figures, promises = row.values.get("labels", {}), row.values.get("promises", {})
    some = figures.get("used") or figures.get("refused")
    lies = [f"{name}: {said}" for name, said in say_lies(figures).items()]
    labels = [*labels_in_words(figures), *lies, *say_moved(figures)] if some else [NONE.format(store=store)]
    campaigns = [f"{name}, running: {_in_words(given)}" for name, given in sorted(promises.items())]
    told = {name: given | {"told_by": _basis(given).value} for name, given in sorted(promises.items())}
    return {
        "used": figures.get("used", 0),
        "said": [*labels, *(campaigns or [NO_PROMISES])],
        "campaigns": told,
    }


def _basis(given: Mapping[str, Any]) -> PromiseBasis:
    return PromiseBasis.LABELS if given["by_labels"] else PromiseBasis.PAUSES


def _in_words(given: Mapping[str, Any]) -> str:
    """As `rayon decide` says it; how many devices are labelled is told in steps."""
    names = ("threshold", "precision", "precision_low", "recall", "labelled", "precision_high")
    basis = f"at least {given['labelled']} labelled devices" if given["by_labels"] else PAUSES
    return promise_in_words(Promise(*(given[name] for name in names)), basis)
