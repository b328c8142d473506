"""What a shop tells of where people were, in a live run: shelf scans and receipts as they happen, on their topic."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import Any

from simulators.live.clock import LiveClock
from simulators.live.publish import Sender
from simulators.truth.labels import receipts, shelf_scans
from simulators.world import World

SOURCE = "simulator"


async def publish_labels(world: World, sender: Sender, clock: LiveClock) -> None:
    """Until the run ends. Played faster, a run bears times of its own, in which the engine takes no labels: none then.

    Who acts upon a coupon goes other ways than were drawn: nothing more is told of them. A label that a broker does
    not take in time is lost, as a scanner's would be.
    """
    planned = list(world.journeys)
    topic = f"rayon/{world.plan.store}/labels/{SOURCE}"
    for t_s, shopper, said in labels(world, clock.start_t) if clock.is_live else []:
        if not await clock.until(t_s):
            return
        if world.journeys[shopper] is planned[shopper]:
            try:
                await asyncio.to_thread(sender.publish, topic, json.dumps(said).encode(), 0.5)
            except TimeoutError:
                continue


def labels(world: World, start_t: float) -> list[tuple[float, int, dict[str, Any]]]:
    """(scenario time, shopper, label as on the wire) of the run, by time."""
    number = {name: i for i, name in enumerate(world.device_names()[: len(world.shoppers)])}
    macs = world.device_macs()
    out: list[tuple[float, int, dict[str, Any]]] = []
    for t_s, name, kind, sku in shelf_scans(world):
        i = number[name]
        out.append((t_s, i, {"mac": macs[i], "t": round(start_t + t_s, 3), "kind": str(kind), "sku": sku}))
    bought: dict[tuple[float, str], list[str]] = defaultdict(list)
    for t_s, name, sku in receipts(world):
        bought[t_s, name].append(sku)
    for (t_s, name), skus in bought.items():
        i = number[name]
        out.append((t_s, i, {"mac": macs[i], "t": round(start_t + t_s, 3), "kind": "receipt", "skus": skus}))
    return sorted(out, key=lambda row: (row[0], row[1]))
