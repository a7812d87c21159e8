"""The machines of a Ray cluster, which sees to scheduling, transfer, and the work of machines that are lost."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from vidcolor import __version__
from vidcolor.errors import EngineError, VidcolorError
from vidcolor.pipeline.engines.engine import Production, ShotTask
from vidcolor.pipeline.engines.ray_desk import Ledger, Shelf
from vidcolor.pipeline.files import written_whole
from vidcolor.pipeline.missing import SUFFIX
from vidcolor.pipeline.render import seam_path
from vidcolor.pipeline.segments import SEAL, SegmentStore

_PATIENCE = 0.5
"""Seconds between two looks at how far the workers are."""
_ANSWER = 5.0
"""Seconds in which a cluster must answer."""
_AT_ONCE = 16
"""Finished shots fetched between two such looks, at most."""
_RETRIES = 5
"""How often Ray begins a shot again whose worker was lost."""
_USUAL_SHARE = 2
"""Processors of a worker: one for the network, one for decoding and encoding."""


@dataclass(frozen=True)
class RayEngine:
    """Shots on the machines of a Ray cluster, each in a worker with its share of processors, or a GPU."""

    address: str | None = None
    """Of the cluster, as ``ray.init`` takes it; None for the one this machine belongs to, or a new one here."""
    jobs: int | None = None
    """How many shots are worked on at once; None for one for every two processors, or every GPU."""

    def render(
        self, production: Production, tasks: Sequence[ShotTask], folder: Path, on_frames: Callable[[int], None]
    ) -> int:
        """See :class:`~vidcolor.pipeline.engines.engine.Engine`. Raises EngineError without a cluster."""
        total, done, told, begun = sum(map(len, tasks)), 0, 0, len(tasks)
        with (
            _connected(self.address) as ray,
            _crew(ray, production, self.jobs) as crew,
            ThreadPoolExecutor(_AT_ONCE) as writers,
        ):
            shots = {crew.begin(task, folder): task for task in tasks}
            while crew.pending:
                finished = {reference: shots.pop(reference) for reference in crew.wait()}
                # each file is flushed to the disk, and many at once take little longer than one
                list(writers.map(lambda item: _keep(crew.files(*item), folder), finished.items()))
                done += sum(map(len, finished.values()))
                begun, underway = crew.state([task.shot for task in finished.values()])
                told = max(told, min(total, done + underway))
                on_frames(told)
            return begun - len(tasks)


@dataclass
class _Crew:
    """The cluster at work on one production."""

    ray: Any
    ledger: Any
    order: Any
    render: Any
    """The remote function."""
    pending: list[Any]

    def begin(self, task: ShotTask, folder: Path) -> Any:
        """Hand one shot to the cluster; gives the reference of its files."""
        made = {piece.digest for piece in task.pieces}
        earlier = [piece.before for piece in task.pieces if piece.before and piece.before not in made]
        seams = [seam_path(SegmentStore(folder).path(digest, SUFFIX)) for digest in earlier]
        beside = {seam.name: seam.read_bytes() for seam in seams}
        reference = self.render.remote(__version__, [self.order], task, beside)
        self.pending.append(reference)
        return reference

    def wait(self) -> list[Any]:
        """References of shots that are finished by now; waits a moment for the first."""
        at_once = min(_AT_ONCE, len(self.pending))
        done, self.pending = self.ray.wait(self.pending, num_returns=at_once, timeout=_PATIENCE)
        return list(done)

    def files(self, reference: Any, task: ShotTask) -> dict[str, np.ndarray]:
        """Files of a finished shot by name. Raises what its worker raised, as itself."""
        try:
            files: dict[str, np.ndarray] = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, VidcolorError | OSError | MemoryError):
                raise error.cause from error
            raise
        except self.ray.exceptions.RayError as error:
            raise EngineError(
                f"The workers on shot {task.shot} were lost {_RETRIES + 1} times ({type(error).__name__}); see to the "
                "cluster's machines and their memory and run the same command again: what is finished stays finished."
            ) from error
        return files

    def state(self, finished: Sequence[int]) -> tuple[int, int]:
        """What the ledger says, see :meth:`~vidcolor.pipeline.engines.ray_desk.Ledger.state`."""
        begun, frames = self.ray.get(self.ledger.state.remote(finished))
        return begun, frames


@contextmanager
def _crew(ray: Any, production: Production, jobs: int | None) -> Iterator[_Crew]:
    """Set the cluster to work on a production; at the end, however it comes, nothing of it runs or lies about."""
    node = import_module("vidcolor.pipeline.engines.ray_node")  # needs what comes with Ray alone
    share = _share([machine["Resources"] for machine in ray.nodes() if machine["Alive"]], production.device, jobs)
    run = uuid4().hex
    here = {"num_cpus": 0, "scheduling_strategy": _on(ray.get_runtime_context().get_node_id())}
    production = _to_travel(production, "cuda" if share["num_gpus"] else "cpu")
    ledger = ray.remote(Ledger).options(**here).remote()
    shelf = ray.remote(Shelf).options(**here).remote(production.source.info.path)
    weights = tuple(ray.put(np.fromfile(one.path, np.uint8)) for one in production.models.files)
    order = ray.put(node.Order(run, production, weights, ledger, shelf))
    asleep = {"env_vars": {"OMP_WAIT_POLICY": "PASSIVE"}}  # threads that spin while they wait would starve the others
    render = ray.remote(node.render_shot).options(max_retries=_RETRIES, runtime_env=asleep, **share)
    crew = _Crew(ray, ledger, order, render, [])
    try:
        yield crew
    finally:
        for reference in crew.pending:
            ray.cancel(reference, force=True)
        _clear(ray, node.clear, run)


def _to_travel(production: Production, device: str) -> Production:
    """The production with paths that mean the same from any folder."""
    info = production.source.info
    return replace(
        production,
        source=replace(production.source, info=replace(info, path=info.path.resolve())),
        models=production.models.moved(lambda one: replace(one, path=one.path.resolve())),
        device=device,
    )


def _share(machines: Sequence[dict[str, float]], device: str, jobs: int | None) -> dict[str, int]:
    """What a worker needs of its machine, in Ray's words. Raises EngineError where no machine has it."""
    processors = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    if device.startswith("cuda") and not gpus:
        raise EngineError("There is no GPU in the Ray cluster; give --device cpu.")
    if not any(processors):
        raise EngineError("The Ray cluster has no processor to lend; start its machines with --num-cpus.")
    on_gpu = device != "cpu" and gpus > 0
    wanted = sum(processors) // (jobs or gpus) if jobs or on_gpu else _USUAL_SHARE
    return {"num_cpus": max(1, min(wanted, max(processors))), "num_gpus": int(on_gpu)}


def _keep(files: dict[str, np.ndarray], folder: Path) -> None:
    """Write the files of a shot, each whole; seals last, since they say that the others are there."""
    for name in sorted(files, key=lambda name: name.endswith(SEAL)):
        with written_whole(folder / name) as temporary:
            temporary.write_bytes(files[name].data)


def _on(machine: str) -> Any:
    """This machine and no other."""
    strategies = import_module("ray.util.scheduling_strategies")
    return strategies.NodeAffinitySchedulingStrategy(machine, soft=False)


def _clear(ray: Any, clear: Callable[[str], None], run: str) -> None:
    machines = [machine["NodeID"] for machine in ray.nodes() if machine["Alive"]]
    task = ray.remote(clear)
    cleared = [task.options(num_cpus=0, scheduling_strategy=_on(machine)).remote(run) for machine in machines]
    with suppress(ray.exceptions.RayError):  # a machine lost just now has nothing left
        ray.get(cleared, timeout=30)


def check_cluster(address: str | None) -> None:
    """Raise EngineError where there is no Ray, or nobody answers at ``address``; Ray itself would try for minutes."""
    if find_spec("ray") is None:
        raise EngineError("--engine ray needs Ray: pip install 'vidcolor[ray]'")
    place = re.fullmatch(r"(?:ray://)?\[?(.+?)\]?:(\d+)", address or "")
    if place is None:
        return  # a word that Ray knows, such as auto
    try:
        socket.create_connection((place[1], int(place[2])), timeout=_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"No Ray cluster answers at {address} ({error}); give the address that 'ray start --head' told."
        ) from error


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to its cluster. Raises EngineError with one sentence where that cannot be."""
    check_cluster(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the computer
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # Ray's own words about lost machines go to stdout
    ray = import_module("ray")
    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise EngineError(f"The Ray cluster{f' at {address}' if address else ''} cannot be had: {reason}") from error
    try:
        yield ray
    finally:
        ray.shutdown()
