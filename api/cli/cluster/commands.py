"""`rayon cluster`: start a node, see the shards, leave a node, even out."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Annotated

import typer

from api.cli.cluster.opening import cluster_database
from api.cli.engine import CONFIG_OPTION
from engine.errors import OperatorError, Problem

Node = Annotated[str, typer.Argument(metavar="NODE", help="As `rayon cluster status` names it.")]
Plan = Annotated[bool, typer.Option("--plan", help="Only say what would be done.")]

cluster_app = typer.Typer(
    name="cluster", help="Stores spread over machines.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `cluster` and its commands."""
    app.add_typer(cluster_app)


@cluster_app.callback()
def _cluster() -> None:
    """Stores spread over machines."""


@cluster_app.command("up")
def up(
    join: Annotated[
        str | None, typer.Option("--join", metavar="HEAD", help="Be a node of this head: its host:port, or `auto`.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="This node's name.", show_default="the host's")] = "",
    host: Annotated[
        str, typer.Option("--host", help="Where other nodes reach this one.", show_default="found out")
    ] = "",
    config: Path | None = CONFIG_OPTION,
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log more."),
) -> None:
    """Run this machine's part of a cluster: the head, or with --join one more node. Stop with Ctrl-C.

    Stores are spread over the nodes in shards of up to 50, each a process that Ray keeps alive. Which shard has which
    stores is in the database, so everything else may die: start it again, on the same machine or another, and the
    shards come back. Needs PostgreSQL, `cluster:` in config.yaml, and pip install 'rayon\\[cluster]'.

    Example: rayon cluster up; on the second machine: rayon cluster up --join 192.0.2.10:6380
    """
    from engine.runtime.cluster.nodes.ray_start import require_ray

    require_ray()
    from api.cli.cluster.running import run_node

    run_node(config, join, name or socket.gethostname(), host, verbose=verbose)


@cluster_app.command("status")
def status(
    config: Path | None = CONFIG_OPTION,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Every node and every shard: stores, state, lag, epoch, memory, lost sessions, version. Exit 1 where one is not
    well, or a store is in no shard.

    Read from the database alone: it works on any machine, and while the head is away.

    Example: rayon cluster status --json
    """
    from rich.console import Console

    from api.cli.cluster.shown import all_values, print_all
    from engine.storage.shards.nodes import read_head, read_nodes
    from engine.storage.shards.shards import read_shards

    with cluster_database(config) as (cluster, db):
        values = all_values(read_head(db), read_nodes(db).values(), read_shards(db).values(), cluster)
    if as_json:
        print(json.dumps(values, ensure_ascii=False))
    else:
        print_all(values, Console())
    bad = [n for n in values["nodes"] if n["state"] not in ("well", "drained")]
    bad += [s for s in values["shards"] if s["state"] != "working" or s["reason"]]
    if bad or not values["head"] or values["without_shard"]:
        raise typer.Exit(1)


@cluster_app.command("drain")
def drain(
    node: Node,
    undo: Annotated[bool, typer.Option("--undo", help="Let it have stores again.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="It is gone for good: take it out of the list.")] = False,
    plan: Plan = False,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Move every store off a node, one at a time, and keep others away: before it is upgraded, or taken away.

    Each store goes on from its checkpoint in a shard on another node; its gap is a few seconds. An upgrade goes from
    node to node: drain it, upgrade it, `rayon cluster up` again, `drain NODE --undo`, then `rayon cluster rebalance`.

    Example: rayon cluster drain north
    """
    from api.cli.cluster.changing import drain_node, say_steps
    from engine.runtime.cluster.keeping.moving import plan_drain
    from engine.storage.shards.nodes import forget_node, read_nodes, set_draining

    with cluster_database(config) as (cluster, db):
        seen = read_nodes(db).get(node)
        if seen is None:
            raise OperatorError([Problem("NODE", node, "no such node", "`rayon cluster status` lists them")])
        if plan:
            say_steps(plan_drain(db, cluster, node))
        elif undo:
            set_draining(db, node, draining=False)
            print(f"{node} may have stores again; `rayon cluster rebalance` gives it some")
        elif forget and seen.age_s <= cluster.node_gone_s:
            raise OperatorError([Problem("NODE", node, "still lives", "stop its `rayon cluster up` first")])
        elif forget:
            forget_node(db, node)
            print(f"{node} is forgotten")
        else:
            drain_node(db, cluster, node)


@cluster_app.command("rebalance")
def rebalance(plan: Plan = False, config: Path | None = CONFIG_OPTION) -> None:
    """Move stores from nodes that carry much to nodes that carry little, by measured load, one store at a time.

    As few as it takes until the nodes differ by less than a quarter of their mean. A node that is new gets its part.

    Example: rayon cluster rebalance --plan
    """
    from api.cli.cluster.changing import rebalance_all, say_steps
    from engine.runtime.cluster.keeping.moving import plan_rebalance

    with cluster_database(config) as (cluster, db):
        if plan:
            say_steps(plan_rebalance(db, cluster))
        else:
            rebalance_all(db, cluster)
