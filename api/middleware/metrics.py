"""Metrics for Prometheus: HTTP, live pages, and what the engine says of itself. No label names a person or a device."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import AppContext
from api.middleware.shards import ShardMetrics
from engine.errors import StorageUnavailable
from engine.masks import mask_macs
from engine.storage.ordering.outbox import untaken_orders
from engine.storage.programme.waiting import source_waits
from engine.storage.status import get_status

if TYPE_CHECKING:
    from engine.storage.upkeep.replica import ReplicatedReads

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_NAME = re.compile(r"[^a-z0-9_]+")
_PERSONAL = re.compile(r"(?i)(?:[0-9a-f]{2}[:.-]?){5}[0-9a-f]{2}")  # a MAC in any spelling, or a pseudonym of 16 digits
_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Metrics:
    """The instruments of one application."""

    def __init__(self, ctx: AppContext) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rayon_http_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "rayon_http_request_seconds", "Time to the end of the response.", ["route"], registry=self.registry
        )
        self.pages = Gauge("rayon_pages_open", "Live pages open now.", registry=self.registry)
        self.sent = Histogram(
            "rayon_voucher_sent_seconds",
            "From the newest reading behind a voucher until it was sent to an open page.",
            buckets=_LATENCY_S,
            registry=self.registry,
        )
        self.received = Counter(
            "rayon_receiver_messages",
            "Messages to POST /in/SOURCE: taken, or why not.",
            ["source", "outcome"],
            registry=self.registry,
        )
        self.messages = Counter(
            "rayon_messages",
            "Messages beside the page: sent, shown, opened, or why not.",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self.crm = Counter(
            "rayon_crm_events",
            "Events for customer files, by receiver: taken, or why not.",
            ["receiver", "outcome"],
            registry=self.registry,
        )
        if ctx.replica is not None:  # -1 of a site without one would be like one that was left
            late = Gauge(
                "rayon_replica_late_s",
                "How far the replica is behind that figures are read from; -1 while they are read from the database.",
                registry=self.registry,
            )
            late.set_function(partial(_late_s, ctx.replica))
        self.registry.register(_EngineStatus(ctx))
        self.registry.register(_ShopWaits(ctx))
        self.registry.register(ShardMetrics(ctx))


_HELP = {
    "labels": "What labels of places came to, by what is counted in the label reason: used, kept, share of the "
    "correction that is used, gain_m, labelled_devices, left_devices.",
}
"""Of figures whose name says too little."""


def _late_s(replica: ReplicatedReads) -> float:
    return -1.0 if replica.late_s is None else replica.late_s


class _EngineStatus(Collector):
    """Reads the status table when Prometheus asks."""

    def __init__(self, ctx: AppContext) -> None:
        self._ctx = ctx

    def describe(self) -> Iterable[Metric]:
        return ()  # names follow what the engine counts

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("rayon_database_up", "Whether the database answers.")
        families: dict[str, GaugeMetricFamily] = {}
        try:
            rows = get_status(self._ctx.db)
        except StorageUnavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for row in rows:
            plan = self._ctx.plans.get(row.store)
            ours = frozenset() if plan is None else plan.access_point_ids
            for key, reason, value in flat({**row.values, "reported_at_seconds": row.at}, ours):
                name = f"rayon_{_NAME.sub('_', row.component.lower())}_{_NAME.sub('_', key.lower())}"
                family = families.get(name)
                if family is None:
                    family = families[name] = GaugeMetricFamily(
                        name, _HELP.get(key, f"{key} of the {row.component}."), labels=["store", "reason"]
                    )
                family.add_metric([row.store, reason], value)
        yield from families.values()


class _ShopWaits(Collector):
    """Reads what waits of shop systems, and for them, when Prometheus asks."""

    def __init__(self, ctx: AppContext) -> None:
        self._ctx = ctx

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        held = GaugeMetricFamily(
            "rayon_shop_messages_held",
            "Messages of shop systems that wait, as they could not be used.",
            labels=["source", "reason"],
        )
        events = GaugeMetricFamily(
            "rayon_shop_events_waiting", "Purchases and returns that wait for the ledger.", labels=["source", "reason"]
        )
        products = GaugeMetricFamily(
            "rayon_shop_products_unknown", "Products sold that the source's catalogue has not.", labels=["source"]
        )
        orders = GaugeMetricFamily(
            "rayon_orders_untaken", "Orders asked for that the e-shop has not taken.", labels=["store", "state"]
        )
        with suppress(StorageUnavailable):  # rayon_database_up says so
            for (store, state), n in untaken_orders(self._ctx.db).items():
                orders.add_metric([store, state], n)
            for source, waits in source_waits(self._ctx.db).items():
                for family, counts in ((held, waits.held), (events, waits.events)):
                    for reason, n in counts.items():
                        family.add_metric([source, reason], n)
                products.add_metric([source], len(waits.products))
        yield from (held, events, products, orders)


OF_ACCESS_POINTS = frozenset({"contradicting_aps", "misplaced_aps", "mute_aps", "stuck_aps"})
"""Figures whose reasons are access points: those that the plan has are the store's own, and named."""


def flat(values: Mapping[str, Any], ours: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, float]]:
    """(key, reason, number) of all numbers, one level deep. What looks like a device is left out, but for access points
    that are `ours`, by their ids in the plan."""
    for key, value in values.items():
        if isinstance(value, bool | int | float):
            yield key, "", float(value)
        elif isinstance(value, Mapping):
            for reason, number in value.items():
                named = key in OF_ACCESS_POINTS and reason in ours
                if isinstance(number, bool | int | float) and (named or not _is_personal(str(reason))):
                    yield key, str(reason), float(number)


def _is_personal(label: str) -> bool:
    return _PERSONAL.search(label) is not None or mask_macs(label) != label


class CountRequests:
    """ASGI middleware: counts and times requests by the route's pattern, never by the address itself."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", None) or "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"  # callers may invent them
            self._metrics.requests.labels(method, route, str(status)).inc()
            if not route.endswith("/stream"):  # lives as long as its page
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
