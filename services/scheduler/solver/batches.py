"""Patients grouped by the services they need, so that their weeks can be planned together."""

from dataclasses import dataclass
from itertools import product
from math import gcd
from typing import NamedTuple

from services.scheduler.solver.instance import INDIVIDUAL_SERVICES, Instance


class Option(NamedTuple):
    """One way to deliver a service: a group kind or a visit (no kind), and its slots."""

    service: str
    kind: str | None
    slots: int


class Service(NamedTuple):
    """A service of the batch: its options by position, and how delivery is counted.

    Delivery is counted in units of `unit` slots, from none to `levels - 1`.
    """

    code: str
    options: tuple[int, ...]
    unit: int
    levels: int


Pattern = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Patients (by position in the instance) with the same options.

    A pattern says, for each service, which of its options takes place in a day: 0 for none, else
    one more than the option's position in the service.
    """

    patients: tuple[int, ...]
    options: tuple[Option, ...]
    services: tuple[Service, ...]

    def patterns(self) -> list[Pattern]:
        """List every combination of sessions in a day."""
        return list(product(*(range(len(service.options) + 1) for service in self.services)))

    def chosen(self, pattern: Pattern) -> list[Option | None]:
        """Name the option each service uses in the pattern."""
        return [
            self.options[service.options[choice - 1]] if choice else None
            for service, choice in zip(self.services, pattern, strict=True)
        ]

    def steps(self, pattern: Pattern) -> tuple[int, ...]:
        """Count the units of each service the pattern delivers."""
        return tuple(
            option.slots // service.unit if option else 0
            for service, option in zip(self.services, self.chosen(pattern), strict=True)
        )


def batches(instance: Instance, *, size: int) -> list[Batch]:
    """Group the patients by what they need, at most `size` together."""
    alike: dict[tuple[Option, ...], list[int]] = {}
    for index in range(len(instance.patients)):
        alike.setdefault(_options(instance, index), []).append(index)
    return [
        _batch(instance, tuple(patients[first : first + size]), options)
        for options, patients in alike.items()
        for first in range(0, len(patients), size)
    ]


def _options(instance: Instance, index: int) -> tuple[Option, ...]:
    patient = instance.patients[index]
    in_groups = [
        Option(kind.service, kind.code, kind.slots)
        for kind in instance.kinds.values()
        if patient.needs.get(kind.service, 0) >= kind.slots
    ]
    alone = [
        Option(service, None, instance.visit_slots(patient, service))
        for service in INDIVIDUAL_SERVICES
        if patient.needs.get(service, 0) >= instance.visit_slots(patient, service) > 0
    ]
    return tuple(sorted([*in_groups, *alone], key=lambda option: option.service))


def _batch(instance: Instance, patients: tuple[int, ...], options: tuple[Option, ...]) -> Batch:
    codes = sorted({option.service for option in options})
    services = []
    for code in codes:
        ways = tuple(n for n, option in enumerate(options) if option.service == code)
        unit = gcd(*(options[way].slots for way in ways))
        most = max(instance.patients[patient].needs[code] for patient in patients)
        services.append(Service(code, ways, unit, most // unit + 1))
    return Batch(patients, options, tuple(services))
