"""Metrics of a cluster: its shards and nodes, as the database has them when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.context import AppContext
from engine.errors import StorageUnavailable
from engine.storage.shards.nodes import NodeSeen, read_nodes
from engine.storage.shards.shards import ShardSeen, read_shards
from engine.storage.shards.standing import not_run_yet, without_shard

SILENT_S = 8.0  # a shard speaks every 2 s
_MIB = 2**20


class ShardMetrics(Collector):
    """Nothing of a site that is one process."""

    def __init__(self, ctx: AppContext) -> None:
        self._ctx = ctx

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        if self._ctx.config.cluster is None:
            return
        with suppress(StorageUnavailable):  # rayon_database_up says so
            shards, nodes = read_shards(self._ctx.db).values(), read_nodes(self._ctx.db)
            yield from _of_shards(shards)
            yield _sessions_lost(shards)
            yield from _of_nodes(nodes, self._ctx.config.cluster.node_gone_s)
            unheld = GaugeMetricFamily("rayon_cluster_stores_without_shard", "Stores that no shard runs.")
            unheld.add_metric([], len([*without_shard(nodes.values(), shards, self._ctx.plans), *not_run_yet(shards)]))
            yield unheld


def _of_nodes(nodes: Mapping[str, NodeSeen], gone_s: float) -> Iterator[Metric]:
    up = GaugeMetricFamily("rayon_node_up", "Whether the node lives.", labels=["node"])
    clock = GaugeMetricFamily("rayon_node_clock_off_seconds", "Ahead of the database's clock.", labels=["node"])
    disk = GaugeMetricFamily("rayon_node_disk_free_bytes", "Room on its disk.", labels=["node"])
    for name, node in nodes.items():
        up.add_metric([name], node.age_s <= gone_s)
        clock.add_metric([name], node.word.clock_off_s)
        disk.add_metric([name], node.word.disk_free_mib * _MIB)
    yield from (up, clock, disk)


def _sessions_lost(shards: Iterable[ShardSeen]) -> Metric:
    """Of shards wherever they run: a counter that stays one when its shard moves."""
    lost = CounterMetricFamily("rayon_shard_sessions_lost", "Sessions that the broker had forgotten.", labels=["shard"])
    for one in shards:
        lost.add_metric([str(one.number)], one.sessions_lost)
    return lost


def _of_shards(shards: Iterable[ShardSeen]) -> Iterator[Metric]:
    up = GaugeMetricFamily("rayon_shard_up", "Whether the shard works.", labels=["shard", "node", "state"])
    of = ["shard", "node"]
    lag = GaugeMetricFamily("rayon_shard_lag_seconds", "Age of the oldest message that is not safe yet.", labels=of)
    epoch = GaugeMetricFamily("rayon_shard_epoch", "Which life of the shard it is.", labels=of)
    memory = GaugeMetricFamily("rayon_shard_memory_bytes", "Of its process.", labels=of)
    busy = GaugeMetricFamily("rayon_shard_busy_share", "Of one CPU.", labels=of)
    stores = GaugeMetricFamily("rayon_shard_stores", "How many stores it has.", labels=of)
    for one in shards:
        state = one.state if one.age_s <= SILENT_S else "silent"
        where = [str(one.number), one.runs_on]
        up.add_metric([*where, state], state == "working")
        lag.add_metric(where, one.lag_s)
        epoch.add_metric(where, one.generation)
        memory.add_metric(where, one.memory_mib * _MIB)
        busy.add_metric(where, one.busy_share)
        stores.add_metric(where, len(one.stores))
    yield from (up, lag, epoch, memory, busy, stores)
