"""The two peers in Python, as functions of documents."""

from time import process_time

from services.operator.bench.peers.annealing import anneal
from services.operator.bench.peers.front_desk import first_fit
from services.operator.bench.peers.peer import Answer, Document
from services.scheduler.solver.format import instance_from_json, timetable_to_json


def front_desk(document: Document, cpu_seconds: float, seed: int) -> Answer:  # noqa: ARG001 - every peer is asked alike
    """First fit: needs neither time nor chance."""
    began = process_time()
    timetable = first_fit(instance_from_json(document))
    return Answer({**timetable_to_json(timetable), "status": "feasible"}, process_time() - began)


def local_search(document: Document, cpu_seconds: float, seed: int) -> Answer:
    """First fit improved by annealing."""
    began = process_time()
    timetable = anneal(instance_from_json(document), cpu_seconds=cpu_seconds, seed=seed)
    return Answer({**timetable_to_json(timetable), "status": "feasible"}, process_time() - began)
