"""The gate before a stored answer: whoever sends a request again may have lost access since it was answered."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.audit.trail import Ground, Trail
from services.chassis.wiring import organization_of, process_of
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.policy.routes import BY_OPERATION
from services.records.gate import Gate
from services.records.own_record.logic import as_patient
from services.records.own_record.storage import PatientAccountRows
from services.records.patients.storage import PatientRows
from services.records.patients.storage import Viewer as PatientViewer
from services.records.referrals.storage import ReferralRows
from services.records.referrals.storage import Viewer as ReferralViewer

_OF_THE_OWN_RECORD: Final = frozenset({Role.PATIENT})


async def decide_again(request: Request, db: AsyncSession, trail: Trail, grounds: Sequence[Ground]) -> None:
    """Let a stored answer through the gate for everybody it told of, as for a request that comes for the first time.

    Raises:
        NotFoundError: One of these people is not for the caller any more, or not here.
    """
    clock, caller = process_of(request).clock, trail.caller.principal
    root, organization_id = request.app.state.root_keys, organization_of(caller)
    now, ids = clock.now(), {ground.subject for ground in grounds}
    gate = Gate(caller, trail, clock)
    if BY_OPERATION[trail.caller.operation_id].roles == _OF_THE_OWN_RECORD:
        # Who asks again for something of the own record is that patient now, or is told nothing.
        gate = as_patient(gate, await PatientAccountRows(db, organization_id).patient_of(caller.account_id))
    # A referral passes the same gate as a patient, and has relations of its own.
    referred = await ReferralRows(db, root, organization_id).reaches(ids, ReferralViewer(caller.account_id, now))
    treated = await PatientRows(db, root, organization_id).reaches(ids, PatientViewer(caller.account_id, now))
    reaches = referred | treated
    for ground in grounds:
        gate.pass_through(PatientId(ground.subject), reaches.get(ground.subject), Information(ground.what))
