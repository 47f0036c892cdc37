"""Wiring of disclosures and their accounting."""

from typing import Annotated

from fastapi import Depends

from services.chassis.database import Read, driver_connection
from services.chassis.wiring import Db, Reading, organization_of
from services.records.consents.signing import Signing
from services.records.dependencies import (
    ConsentWriting,
    PatientChanges,
    PatientReading,
    RecipientChanges,
    RecipientReading,
    TheGate,
    TheRootKeys,
)
from services.records.disclosures.logic import DisclosureCommands, DisclosureReads, Sources
from services.records.disclosures.storage import DisclosureQueries, DisclosureRows
from services.records.plans_of_care.logic import PlansOfCareToDisclose
from services.records.plans_of_care.storage import PlanOfCareQueries
from services.records.treatment_plans.logic import PlansToDisclose
from services.records.treatment_plans.storage import TreatmentPlanQueries


async def _plans_to_disclose(db: Db) -> PlansToDisclose:
    # The plan is read within the unit of work: what is disclosed is what was decided on.
    return PlansToDisclose(TreatmentPlanQueries(Read(await driver_connection(db))))


async def _plans_of_care_to_disclose(db: Db) -> PlansOfCareToDisclose:
    return PlansOfCareToDisclose(PlanOfCareQueries(Read(await driver_connection(db))))


async def _disclosure_sources(  # noqa: PLR0917 - what a disclosure is made of
    patients: PatientChanges,
    plans: Annotated[PlansToDisclose, Depends(_plans_to_disclose)],
    plans_of_care: Annotated[PlansOfCareToDisclose, Depends(_plans_of_care_to_disclose)],
    recipients: RecipientChanges,
    rows: ConsentWriting,
    gate: TheGate,
) -> Sources:
    return Sources(patients, plans, plans_of_care, recipients, Signing(rows, gate))


async def _disclosure_changes(
    db: Db, sources: Annotated[Sources, Depends(_disclosure_sources)], gate: TheGate, root: TheRootKeys
) -> DisclosureCommands:
    return DisclosureCommands(DisclosureRows(db, root, organization_of(gate.caller)), sources, gate)


DisclosureChanges = Annotated[DisclosureCommands, Depends(_disclosure_changes)]


async def _disclosure_reading(
    read: Reading, patients: PatientReading, recipients: RecipientReading, gate: TheGate, root: TheRootKeys
) -> DisclosureReads:
    return DisclosureReads(DisclosureQueries(read, root), patients, recipients, gate)


DisclosureReading = Annotated[DisclosureReads, Depends(_disclosure_reading)]
