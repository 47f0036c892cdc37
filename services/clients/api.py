"""The client of the whole API, as a frontend sees it through the gateway."""

from collections.abc import AsyncIterator
from datetime import date
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel

from services.chassis.http import HttpClient
from services.clients.base import ServiceClient
from services.contracts.base import Page
from services.contracts.gateway.login import LoginRequest, LoginSession
from services.contracts.gateway.organizations import Account, AccountRequest, Organization, OrganizationRequest
from services.contracts.identifiers import (
    DisruptionId,
    OrganizationId,
    PatientId,
    PractitionerId,
    ProposalId,
    SiteId,
    SolveId,
)
from services.contracts.records.directory import DirectoryImport, DirectoryImported
from services.contracts.records.patients import Patient, PatientRequest
from services.contracts.records.treatment_plans import (
    NoContact,
    NoContactRequest,
    TreatmentPlan,
    TreatmentPlanRequest,
)
from services.contracts.scheduler.commitments import CommitmentSource
from services.contracts.scheduler.disruptions import Disruption, DisruptionRequest
from services.contracts.scheduler.licences import Licence, LicenceRequest
from services.contracts.scheduler.placements import (
    CapacityReport,
    PlacementExplanation,
    PlacementQuery,
    PlacementRecommendation,
    SessionWish,
    WishAnswer,
)
from services.contracts.scheduler.sites import (
    GroupOffering,
    GroupOfferingRequest,
    Practitioner,
    PractitionerRequest,
    Room,
    RoomRequest,
    Site,
    SiteRequest,
)
from services.contracts.scheduler.solves import Solve, SolveRequest
from services.contracts.scheduler.timetables import (
    Appointment,
    Proposal,
    PublicationRequest,
    Timetable,
    TimetableChangeReason,
)

Resource = TypeVar("Resource")
Item = TypeVar("Item")


class ApiClient(ServiceClient):
    """Calls the API for one signed-in person; every write carries an idempotency key."""

    def __init__(self, http: HttpClient, gateway_url: str, token: str | None = None) -> None:
        super().__init__(http, gateway_url, "gateway")
        self.token = token

    async def sign_in(self, request: LoginRequest) -> "ApiClient":
        """Sign in and return a client for that person."""
        session = await self._call(LoginSession, "POST", "/v1/login_sessions", body=request)
        return ApiClient(self._http, self._base_url, session.access_token)

    async def create_organization(self, request: OrganizationRequest) -> Organization:
        """Make an organization."""
        return await self._create(Organization, "/v1/organizations", request)

    async def create_account(self, organization_id: OrganizationId, request: AccountRequest) -> Account:
        """Make a person's account in an organization."""
        return await self._create(Account, f"/v1/organizations/{organization_id}/accounts", request)

    async def import_directory(self, request: DirectoryImport) -> DirectoryImported:
        """Enter programmes from a public locator's file."""
        return await self._create(DirectoryImported, "/v1/directory_programmes:import", request)

    async def create_site(self, request: SiteRequest) -> Site:
        """Make a site."""
        return await self._create(Site, "/v1/sites", request)

    async def create_room(self, site_id: SiteId, request: RoomRequest) -> Room:
        """Make a group room."""
        return await self._create(Room, f"/v1/sites/{site_id}/rooms", request)

    async def create_practitioner(self, site_id: SiteId, request: PractitionerRequest) -> Practitioner:
        """Enter a practitioner."""
        return await self._create(Practitioner, f"/v1/sites/{site_id}/practitioners", request)

    async def create_licence(self, practitioner_id: PractitionerId, request: LicenceRequest) -> Licence:
        """Keep where a practitioner may treat."""
        return await self._create(Licence, f"/v1/practitioners/{practitioner_id}/licences", request)

    async def create_group_offering(self, site_id: SiteId, request: GroupOfferingRequest) -> GroupOffering:
        """Let the site hold a kind of group."""
        return await self._create(GroupOffering, f"/v1/sites/{site_id}/group_offerings", request)

    async def create_patient(self, request: PatientRequest) -> Patient:
        """Admit a patient."""
        return await self._create(Patient, "/v1/patients", request)

    async def put_treatment_plan(self, patient_id: PatientId, request: TreatmentPlanRequest) -> TreatmentPlan:
        """Enter a patient's first plan."""
        path = f"/v1/patients/{patient_id}/treatment_plan"
        return await self._call(TreatmentPlan, "PUT", path, token=self.token, body=request)

    async def create_no_contact(self, request: NoContactRequest) -> NoContact:
        """Keep two patients out of each other's groups."""
        return await self._create(NoContact, "/v1/no_contacts", request)

    async def import_calendar(self, patient_id: PatientId, document: bytes) -> CommitmentSource:
        """Import an iCalendar document as a patient's commitments."""
        path = f"/v1/patients/{patient_id}/commitment_sources"
        headers = {"content-type": "text/calendar", "idempotency-key": str(uuid4())}
        return await self._call(CommitmentSource, "POST", path, token=self.token, body=document, headers=headers)

    async def create_solve(self, request: SolveRequest) -> Solve:
        """Ask for a week."""
        return await self._create(Solve, "/v1/solves", request)

    async def read_solve(self, solve_id: SolveId) -> Solve:
        """Read how a solve stands."""
        return await self._get(Solve, f"/v1/solves/{solve_id}")

    async def cancel_solve(self, solve_id: SolveId) -> Solve:
        """Stop a solve; what it has found so far is kept."""
        headers = {"idempotency-key": str(uuid4())}
        return await self._call(Solve, "POST", f"/v1/solves/{solve_id}:cancel", token=self.token, headers=headers)

    async def read_proposal(self, proposal_id: ProposalId) -> Proposal:
        """Read a proposal."""
        return await self._get(Proposal, f"/v1/proposals/{proposal_id}")

    async def publish_proposal(
        self, proposal_id: ProposalId, base_version: int, reason: TimetableChangeReason | None = None
    ) -> Timetable:
        """Publish a proposal, if the week still stands at its base version; a second version needs a reason."""
        headers = {"if-match": f'"{base_version}"', "idempotency-key": str(uuid4())}
        path = f"/v1/proposals/{proposal_id}:publish"
        body = None if reason is None else PublicationRequest(reason=reason)
        return await self._call(Timetable, "POST", path, token=self.token, body=body, headers=headers)

    async def read_timetable(self, site_id: SiteId, week: date) -> Timetable:
        """Read the published week."""
        return await self._get(Timetable, f"/v1/sites/{site_id}/timetables/{week.isoformat()}")

    def appointments(self, site_id: SiteId, week: date) -> AsyncIterator[Appointment]:
        """Read every appointment of a week."""
        return self._all(Page[Appointment], f"/v1/sites/{site_id}/appointments", week=week.isoformat())

    def rooms(self, site_id: SiteId) -> AsyncIterator[Room]:
        """Read a site's rooms."""
        return self._all(Page[Room], f"/v1/sites/{site_id}/rooms")

    def practitioners(self, site_id: SiteId) -> AsyncIterator[Practitioner]:
        """Read a site's practitioners."""
        return self._all(Page[Practitioner], f"/v1/sites/{site_id}/practitioners")

    async def recommend_placements(self, query: PlacementQuery) -> PlacementRecommendation:
        """Rank the ways to place a patient into a published week."""
        path = "/v1/placements:recommend"
        return await self._call(PlacementRecommendation, "POST", path, token=self.token, body=query)

    async def explain_session(self, wish: SessionWish) -> WishAnswer:
        """Ask why a patient does not have a certain session."""
        return await self._call(WishAnswer, "POST", "/v1/placements:explain", token=self.token, body=wish)

    async def explain_placement(self, site_id: SiteId, week: date, patient_id: PatientId) -> PlacementExplanation:
        """Ask why a patient's week is as it is."""
        path = f"/v1/sites/{site_id}/timetables/{week.isoformat()}/patients/{patient_id}/explanation"
        return await self._get(PlacementExplanation, path)

    async def read_capacity_advice(self, site_id: SiteId, week: date) -> CapacityReport:
        """Ask which one group, room or shift more would serve the most."""
        return await self._get(CapacityReport, f"/v1/sites/{site_id}/timetables/{week.isoformat()}/capacity_advice")

    async def create_disruption(self, request: DisruptionRequest) -> Disruption:
        """Say what fell out of a week, and have it repaired."""
        return await self._create(Disruption, "/v1/disruptions", request)

    async def read_disruption(self, disruption_id: DisruptionId) -> Disruption:
        """Read a disruption with its repair."""
        return await self._get(Disruption, f"/v1/disruptions/{disruption_id}")

    async def withdraw_disruption(self, disruption_id: DisruptionId) -> Disruption:
        """Take a disruption back."""
        headers = {"idempotency-key": str(uuid4())}
        path = f"/v1/disruptions/{disruption_id}:withdraw"
        return await self._call(Disruption, "POST", path, token=self.token, headers=headers)

    async def _create(self, kind: type[Resource], path: str, request: BaseModel) -> Resource:
        headers = {"idempotency-key": str(uuid4())}
        return await self._call(kind, "POST", path, token=self.token, body=request, headers=headers)

    async def _get(self, kind: type[Resource], path: str) -> Resource:
        return await self._call(kind, "GET", path, token=self.token)

    async def _all(self, page_type: type[Page[Item]], path: str, **query: str) -> AsyncIterator[Item]:
        page_token: str | None = None
        while True:
            parameters = {**query, "page_size": 200, "page_token": page_token}
            page = await self._call(page_type, "GET", path, token=self.token, query=parameters)
            for item in page.items:
                yield item
            page_token = page.next_page_token
            if page_token is None:
                return
