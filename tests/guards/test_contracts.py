"""Schemas and errors: answers name every member, refusals have a problem, problems have a status."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

import services
from services.chassis.errors import ServiceError
from services.chassis.problems import STATUSES
from services.contracts.base import RequestModel, ResourceModel
from services.contracts.problems import ProblemType


def all_modules() -> list[str]:
    found = pkgutil.walk_packages(services.__path__, "services.")
    return [module.name for module in found if not module.name.endswith("__main__")]


def below(kind: type) -> Iterator[type]:
    subclasses: list[type] = kind.__subclasses__()
    for subclass in subclasses:
        yield subclass
        yield from below(subclass)


for name in all_modules():
    importlib.import_module(name)

RESOURCES = sorted(
    (kind for kind in below(ResourceModel) if kind.__module__.startswith("services.contracts")),
    key=lambda k: k.__name__,
)
REFUSALS = sorted((kind for kind in below(ServiceError)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda kind: kind.__name__)
def test_an_answer_has_no_member_that_may_be_left_out(resource: type[BaseModel]) -> None:
    assert [name for name, field in resource.model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda kind: kind.__name__)
def test_a_refusal_has_a_problem(refusal: type[ServiceError]) -> None:
    assert isinstance(refusal.problem, ProblemType)


def test_every_problem_has_a_status() -> None:
    assert set(STATUSES) == set(ProblemType)


def test_what_a_caller_sends_is_closed_and_frozen() -> None:
    requests = list(below(RequestModel))

    assert requests
    assert all(kind.model_config["extra"] == "forbid" and kind.model_config["frozen"] for kind in requests)  # type: ignore[attr-defined] # type.__subclasses__ forgets what it lists
