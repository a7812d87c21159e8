"""Which engine a person asked for."""

from __future__ import annotations

from vidcolor.errors import EngineError
from vidcolor.pipeline.engines.engine import Engine
from vidcolor.pipeline.engines.on_ray import RayEngine, check_cluster
from vidcolor.pipeline.engines.processes import ProcessEngine


def choose_engine(name: str, jobs: int | None, address: str | None) -> Engine | None:
    """The engine of ``--engine``, ``--jobs`` and ``--address``; None for the loop in this process.

    Raises EngineError where the three do not go together, or there is no Ray, or no cluster answers.
    """
    if name == "ray":
        check_cluster(address)  # now, and not when the film is matched
        return RayEngine(address, jobs)
    if address is not None:
        raise EngineError(f"--address {address} is the address of a Ray cluster; give --engine ray too.")
    return ProcessEngine(jobs) if jobs is not None and jobs > 1 else None
