"""Routes of consents and of what belongs to them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import ConsentId, PatientId, RepresentativeId, RestrictionId, SiteId
from services.contracts.records.consents import (
    Consent,
    ConsentEndRequest,
    ConsentRevocation,
    ConsentTerms,
    MinorConsentRule,
    MinorConsentRuleRequest,
    Representative,
    RepresentativeEndRequest,
    RepresentativeRequest,
    Restriction,
    RestrictionRequest,
)
from services.contracts.records.minors import ConsentStanding, StatesOnMinors
from services.records.dependencies import BesideChanges, ConsentChanges, ConsentReading

router = APIRouter(prefix="/v1", tags=["consents"], route_class=IdempotentRoute)
_PATIENT = "/patients/{patient_id}"
_CREATED = status.HTTP_201_CREATED


@router.post(
    f"{_PATIENT}/consents", operation_id="create_consent", status_code=_CREATED, responses=documented(404, 422)
)
async def create_consent(
    patient_id: PatientId, request: ConsentTerms, consents: ConsentChanges, response: Response
) -> Consent:
    """Begin a consent as a draft, which may lack elements and permits nothing."""
    return _tagged(await consents.draft(patient_id, request), response)


@router.get(f"{_PATIENT}/consents", operation_id="list_consents", responses=documented(404, 422))
async def list_consents(patient_id: PatientId, consents: ConsentReading) -> Page[Consent]:
    """List the newest version of each of the patient's consents, all of them on one page."""
    return await consents.of_patient(patient_id)


@router.get("/consents/{consent_id}/versions", operation_id="list_consent_versions", responses=documented(404, 422))
async def list_consent_versions(consent_id: ConsentId, consents: ConsentReading) -> Page[Consent]:
    """List every version of a consent, newest first, all of them on one page."""
    return await consents.versions(consent_id)


@router.put("/consents/{consent_id}", operation_id="put_consent", responses=documented(404, 409, 412, 422, 428))
async def put_consent(
    consent_id: ConsentId, request: ConsentTerms, version: RequiredVersion, consents: ConsentChanges, response: Response
) -> Consent:
    """Write another version of a draft; what has been signed is never changed."""
    return _tagged(await consents.redraft(consent_id, request, version), response)


@router.post(
    "/consents/{consent_id}:activate",
    operation_id="activate_consent",
    responses=documented(404, 409, 412, 422, 428),
)
async def activate_consent(
    consent_id: ConsentId, version: RequiredVersion, consents: ConsentChanges, response: Response
) -> Consent:
    """Make a draft active; where an element or a signature is missing, errors names each (42 CFR 2.31)."""
    return _tagged(await consents.activate(consent_id, version), response)


@router.post("/consents/{consent_id}:revoke", operation_id="revoke_consent", responses=documented(404, 409, 422))
async def revoke_consent(
    consent_id: ConsentId, request: ConsentRevocation, consents: ConsentChanges, response: Response
) -> Consent:
    """Revoke a consent: nothing that is disclosed from now on relies on it."""
    return _tagged(await consents.revoke(consent_id, request), response)


@router.post("/consents/{consent_id}:end", operation_id="end_consent", responses=documented(404, 409, 422))
async def end_consent(
    consent_id: ConsentId, request: ConsentEndRequest, consents: ConsentChanges, response: Response
) -> Consent:
    """End a consent because its event has occurred, or because it was found to be false."""
    return _tagged(await consents.end(consent_id, request), response)


@router.post(
    f"{_PATIENT}/representatives",
    operation_id="create_representative",
    status_code=_CREATED,
    responses=documented(404, 422),
)
async def create_representative(
    patient_id: PatientId, request: RepresentativeRequest, beside: BesideChanges
) -> Representative:
    """Enter somebody's authority to sign for the patient, with its dates and its evidence (42 CFR 2.14, 2.15)."""
    return await beside.authorize(patient_id, request)


@router.get(f"{_PATIENT}/representatives", operation_id="list_representatives", responses=documented(404, 422))
async def list_representatives(patient_id: PatientId, consents: ConsentReading) -> Page[Representative]:
    """List who has or had authority to sign for the patient, all of them on one page."""
    return await consents.representatives(patient_id)


@router.post(
    "/representatives/{representative_id}:end",
    operation_id="end_representative",
    responses=documented(404, 409, 422),
)
async def end_representative(
    representative_id: RepresentativeId, request: RepresentativeEndRequest, beside: BesideChanges
) -> Representative:
    """End an authority that was revoked, or never held: what was signed by it from then on counts no longer."""
    return await beside.end_authority(representative_id, request)


@router.post(
    f"{_PATIENT}/restrictions", operation_id="create_restriction", status_code=_CREATED, responses=documented(404, 422)
)
async def create_restriction(patient_id: PatientId, request: RestrictionRequest, beside: BesideChanges) -> Restriction:
    """Enter a restriction that the patient asked for, granted or declined (42 CFR 2.26)."""
    return await beside.restrict(patient_id, request)


@router.get(f"{_PATIENT}/restrictions", operation_id="list_restrictions", responses=documented(404, 422))
async def list_restrictions(patient_id: PatientId, consents: ConsentReading) -> Page[Restriction]:
    """List the patient's restrictions, those that have ended too, all of them on one page."""
    return await consents.restrictions(patient_id)


@router.post("/restrictions/{restriction_id}:end", operation_id="end_restriction", responses=documented(404, 409, 422))
async def end_restriction(restriction_id: RestrictionId, beside: BesideChanges) -> Restriction:
    """End a restriction, as the patient asked or agreed to."""
    return await beside.end_restriction(restriction_id)


@router.post(
    "/minor_consent_rules",
    operation_id="create_minor_consent_rule",
    status_code=_CREATED,
    responses=documented(422),
)
async def create_minor_consent_rule(request: MinorConsentRuleRequest, beside: BesideChanges) -> MinorConsentRule:
    """Enter what a site's state says of minors, with its citation; until then no minor's consent there holds."""
    return await beside.add_rule(request)


@router.get("/minor_consent_rules", operation_id="list_minor_consent_rules", responses=documented(422))
async def list_minor_consent_rules(
    site_id: Annotated[SiteId, Query()], consents: ConsentReading
) -> Page[MinorConsentRule]:
    """List a site's rules on minors, oldest first, all of them on one page."""
    return await consents.rules(site_id)


@router.get("/minor_consent_states", operation_id="list_minor_consent_states")
async def list_minor_consent_states(consents: ConsentReading) -> StatesOnMinors:
    """List what is known of states; it counts nowhere until a site has adopted it by a rule of its own."""
    return consents.states()


@router.get(f"{_PATIENT}/consent_standing", operation_id="read_consent_standing", responses=documented(404, 422))
async def read_consent_standing(patient_id: PatientId, consents: ConsentReading) -> ConsentStanding:
    """Say whose signature a consent of the patient takes now, and on what a parent may be told (42 CFR 2.14)."""
    return await consents.standing(patient_id)


def _tagged(consent: Consent, response: Response) -> Consent:
    response.headers["etag"] = entity_tag(consent.version)
    return consent
