"""What a shop gives for nothing: shelf scans by shoppers' phones, and receipts, of those who agreed; with the
planogram's mistakes in them.

Some products stand elsewhere than the planogram says: whoever scans or buys one was truly at another product's place.
In the world each stands where the plan has it, so the mistakes are in the names: of the products that are misplaced,
each goes under the next one's.
"""

from __future__ import annotations

import numpy as np

from engine.vocabulary import LabelKind
from simulators.truth.truth import consents
from simulators.world import World

LABEL_STREAM = 0xA1
AT_SHELF = (0.2, 0.9)  # of a stay, when the product is scanned
SHELF_STOPS = ("product", "impulse", "coupon")


def misplace_products(world: World) -> dict[str, str]:
    """Under which name each product goes: its own but for those that the planogram has elsewhere."""
    skus = [product.sku for product in world.plan.products]
    rng = np.random.default_rng([world.scenario.seed, LABEL_STREAM])
    n = round(world.scenario.labels.wrong_share * len(skus))
    drawn = rng.permutation(len(skus))[: n if n > 1 else 0].tolist()
    names = {sku: sku for sku in skus}
    return names | {skus[i]: skus[drawn[(k + 1) % len(drawn)]] for k, i in enumerate(drawn)}


def shelf_scans(world: World) -> list[tuple[float, str, LabelKind, str]]:
    """(time in s of the scenario, device, kind, sku) by time: as many as the scenario says, of stays at products by
    lot."""
    agrees, names, said = consents(world), world.device_names(), misplace_products(world)
    rng = np.random.default_rng([world.scenario.seed, LABEL_STREAM, 1])
    rows = []
    for i in np.flatnonzero(agrees).tolist():
        for stop in world.journeys[i].stops:
            t_s = stop.since_s + (stop.until_s - stop.since_s) * float(rng.uniform(*AT_SHELF))
            if stop.kind in SHELF_STOPS and t_s < world.run_s:
                rows.append((t_s, names[i], LabelKind.SHELF_SCAN, said[stop.ref]))
    chosen = rng.permutation(len(rows))[: world.scenario.labels.shelf_scans].tolist()
    return sorted(rows[k] for k in chosen)


def receipts(world: World) -> list[tuple[float, str, str]]:
    """(time in s of the scenario, device, sku) of each line, by time: of as many shoppers as the scenario says."""
    agrees, names, said = consents(world), world.device_names(), misplace_products(world)
    rng = np.random.default_rng([world.scenario.seed, LABEL_STREAM, 2])
    buyers = [
        i for i in rng.permutation(np.flatnonzero(agrees)).tolist()
        if world.journeys[i].purchases and world.journeys[i].purchases[-1].t_s < world.run_s
    ]  # fmt: skip
    rows = [
        (bought.t_s, names[i], said[bought.product.sku])
        for i in buyers[: world.scenario.labels.receipts]
        for bought in world.journeys[i].purchases
    ]
    return sorted(rows)
