"""A Ray cluster of two nodes on this machine, one of which can be killed; what its programs and wires are used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}  # before Ray is imported

import ray
from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "object_store_memory": 200_000_000}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class TwoNodes:
    """The driver is on the head; the other node can be killed."""

    cluster: Any
    other: Any

    def kill_other(self, segments: Path, after: int) -> Thread:
        """Kill the other node, with all its processes, once ``after`` segments lie in the folder."""

        def kill() -> None:
            while len(list(segments.glob("*.seal"))) < after:
                time.sleep(0.02)
            self.cluster.remove_node(self.other, allow_graceful=False)

        thread = Thread(target=kill)
        thread.start()
        return thread


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Start the cluster and connect to it."""
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        other = cluster.add_node(**NODE)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        cluster.wait_for_nodes()
        yield TwoNodes(cluster, other)
    finally:
        ray.shutdown()
        cluster.shutdown()


@dataclass(frozen=True)
class Used:
    """Processor time in seconds up to now."""

    programs: float
    """Of the cluster's own: gcs_server, raylets."""
    workers: float
    """Of the processes that do the work, as far as they are alive."""

    @classmethod
    def now(cls) -> Used:
        """Of this machine's clusters."""
        programs = workers = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words, _, rest = (process / "stat").read_text().rpartition(")")
            except OSError:
                continue
            name, ticks = words.partition("(")[2], sum(map(int, rest.split()[11:13]))
            programs += ticks if name in ("gcs_server", "raylet") else 0
            workers += ticks if name.startswith("ray::") else 0
        return cls(programs / _TICKS, workers / _TICKS)


def loopback_bytes() -> int:
    """Bytes that this machine has sent to itself up to now: all that the nodes say to each other."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[0])
    return 0


def ledger_rate(calls: int = 3000) -> float:
    """How many reports of workers a second the ledger takes."""
    from vidcolor.pipeline.engines.ray_desk import Ledger

    ledger = ray.remote(Ledger).options(num_cpus=0).remote()
    ray.get(ledger.state.remote([]))
    began = time.monotonic()
    for number in range(calls):
        ledger.report.remote(number % 100, number)
    ray.get(ledger.state.remote([]))
    return calls / (time.monotonic() - began)
