"""Actors as Ray has them: the only module, with the one that starts it, that speaks to Ray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util import list_named_actors

from engine.runtime.cluster.actors import ShardActor
from engine.runtime.cluster.nodes.names import (
    NAMESPACE,
    actor_name,
    node_of_resources,
    node_resource,
    shard_of_actor,
)

ANSWER_S = 1.0


class RayActors:
    """The actors of the cluster whose head is at `address`. Raises ConnectionError where it is not."""

    def __init__(self, address: str) -> None:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        self._asked: dict[int, Any] = {}

    def close(self) -> None:
        """Leaves the cluster; its actors go on."""
        ray.shutdown()

    def list_joined(self) -> set[str]:
        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        return {name for name in map(node_of_resources, alive) if name is not None}

    def existing(self) -> set[int]:
        return {number for number in map(shard_of_actor, list_named_actors()) if number is not None}

    def begin(self, number: int, node: str) -> None:
        actor = ray.remote(ShardActor).options(
            name=actor_name(number),
            lifetime="detached",
            max_restarts=-1,
            num_cpus=0,
            resources={node_resource(node): 0.001},
        )
        actor.remote(number)

    def end(self, number: int) -> None:
        self._asked.pop(number, None)
        try:
            ray.kill(ray.get_actor(actor_name(number)), no_restart=True)
        except ValueError:
            return  # it is gone already

    def ask(self, numbers: Sequence[int]) -> dict[int, str]:
        for number in numbers:
            if number not in self._asked:
                try:
                    self._asked[number] = ray.get_actor(actor_name(number)).ping.remote()
                except ValueError:
                    continue
        if not self._asked:
            return {}
        done, _ = ray.wait(list(self._asked.values()), num_returns=len(self._asked), timeout=ANSWER_S)
        answers = {}
        for number, asked in list(self._asked.items()):
            if asked in done:
                del self._asked[number]
                try:
                    node = str(ray.get(asked))
                except RayError:
                    continue  # it is being restarted, or has died: it is asked again at the next look
                if node:
                    answers[number] = node
        return answers
