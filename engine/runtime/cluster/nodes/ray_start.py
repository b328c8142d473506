"""How Ray is started on a node: without a dashboard, without telephoning home, with as little memory as it takes."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.config import ClusterConfig
from engine.errors import OperatorError, Problem
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.nodes.names import node_resource

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # an actor is as urgent as all else here: with Ray's 15 it waits longest where a machine has much to do
    "RAY_worker_niceness": "0",
    # no processes in store: there are as many as shards, and each starts once
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
    # a node that died without a word is noticed in at most 2 + 3 x (2 + 4) s
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "4000",
    "RAY_health_check_failure_threshold": "3",
    # shards go on without a head for as long as it takes; whoever looks after the node joins the next one
    "RAY_gcs_rpc_server_reconnect_timeout_s": "86400",
}
"""Of every process of Ray."""

_RAY, _HEAD = "ray.scripts.scripts", "engine.runtime.cluster.nodes.ray_head"
_QUIET = ["--disable-usage-stats", "--include-log-monitor=false", "--block"]


def require_ray() -> None:
    """Raises OperatorError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        fix = "pip install 'rayon[cluster]', the same version on every node"
        raise OperatorError([Problem("rayon cluster", "ray", "is not installed", fix)])


def head_command(cluster: ClusterConfig, node: str, host: str, port: int, cpus: int) -> list[str]:
    """Starts the head, which is a node as well. Nothing scales by itself: without the process that would."""
    where = ["--head", f"--node-ip-address={host}", f"--port={port}", "--include-dashboard=false", "--no-monitor"]
    return [*_ray(cluster, node, cpus, _HEAD), *where]


def node_command(cluster: ClusterConfig, node: str, host: str | None, head: str, cpus: int) -> list[str]:
    """Starts a node that joins the head at host:port; `host` is its own address, or Ray finds it out."""
    own = [] if host is None else [f"--node-ip-address={host}"]
    return [*_ray(cluster, node, cpus, _RAY), f"--address={head}", *own]


def beside_forks(socket_path: Path, command: Sequence[str]) -> list[str]:
    """The command in one session with a fork server that listens there: its actors' processes are forked from that."""
    return [sys.executable, "-m", "engine.runtime.cluster.forking", str(socket_path), *command]


def environ_for(environ: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """What those processes are given: ours, Ray's settings where the operator has none, what the node is."""
    return {**SETTINGS, **environ, **told, "RAY_USAGE_STATS_ENABLED": "0"}


def token_environ(secrets: Secrets) -> dict[str, str]:
    """What nodes of one site know each other by: Ray runs what it is sent, so it takes nothing from anybody else."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.derive_key("cluster.ray").hex()}


def listens(host: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((host, port), 1.0).close()
        return True
    except OSError:
        return False


def own_address() -> str:
    """The address that Ray would give this machine."""
    from ray.util import get_node_ip_address

    return str(get_node_ip_address())  # type: ignore[no-untyped-call]


def split_address(address: str) -> tuple[str, int]:
    """Of host:port."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def _ray(cluster: ClusterConfig, node: str, cpus: int, module: str) -> list[str]:
    return [
        *(sys.executable, "-m", module, "start", *_QUIET),
        f"--temp-dir={cluster.ray_dir}",
        f"--object-store-memory={cluster.object_store_mib * 2**20}",
        f"--num-cpus={cpus}",
        f"--resources={json.dumps({node_resource(node): 1})}",
    ]
