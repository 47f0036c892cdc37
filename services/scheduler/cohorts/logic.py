"""What is allowed with cohorts."""

from collections.abc import Collection

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import CohortId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.cohorts import Cohort, CohortMembers, CohortRequest
from services.scheduler.cohorts import storage
from services.scheduler.cohorts.errors import CohortMemberError
from services.scheduler.reach import CallersReach
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id


class CohortsReader:
    """Reads cohorts."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def get(self, cohort_id: CohortId) -> Cohort:
        """Return a cohort.

        Raises:
            NotFoundError: There is no such cohort in the caller's organization.
        """
        cohort = await storage.find(self._read, cohort_id)
        if cohort is None:
            raise NotFoundError
        return cohort

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[Cohort]:
        """Return a page of a site's cohorts, the oldest first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page))

    async def members(self, cohort_id: CohortId, reach: CallersReach) -> CohortMembers:
        """Return who is in a cohort, of those whom the caller treats.

        Raises:
            NotFoundError: There is no such cohort in the caller's organization.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await self.get(cohort_id)
        members = await storage.members_of(self._read, cohort_id)
        seen = await reach.among(members, Information.DEMOGRAPHICS)
        return CohortMembers(patient_ids=[member for member in members if member in seen])


class CohortMates:
    """Knows who began together."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of(self, patient_id: PatientId) -> frozenset[PatientId]:
        """Return who else is in the patient's cohort; nobody where there is none."""
        return await storage.mates_of(self._read, patient_id)

    async def among(self, patients: Collection[PatientId]) -> list[list[PatientId]]:
        """Return who of these people began together, cohort by cohort."""
        return await storage.among(self._read, patients)


class CohortsLogic:
    """Makes cohorts, and lets people come and go."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: CohortsReader,
        sites: SitesReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._sites = sites
        self._clock = clock

    async def create(self, site_id: SiteId, request: CohortRequest, reach: CallersReach) -> Cohort:
        """Make a cohort.

        Raises:
            NotFoundError: There is no such site or patient here, or not for the caller.
            CohortMemberError: Somebody is in a cohort already.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._sites.get(site_id)
        now = self._clock.now()
        members = sorted(set(request.patient_ids))
        cohort = Cohort(
            id=CohortId(fresh_id(now)),
            site_id=site_id,
            name=request.name,
            starts_on=request.starts_on,
            members=len(members),
        )
        await storage.insert_cohort(self._db, self._organization_id, cohort, now)
        await self._let_in(cohort.id, members, reach)
        return cohort

    async def admit(self, cohort_id: CohortId, patient_id: PatientId, reach: CallersReach) -> Cohort:
        """Let somebody come into a cohort.

        Raises:
            NotFoundError: There is no such cohort or patient here, or not for the caller.
            CohortMemberError: The patient is in a cohort already.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._reader.get(cohort_id)
        await self._let_in(cohort_id, [patient_id], reach)
        return await self._reader.get(cohort_id)

    async def dismiss(self, cohort_id: CohortId, patient_id: PatientId, reach: CallersReach) -> Cohort:
        """Let somebody leave a cohort; what they have in the book stays.

        Raises:
            NotFoundError: There is no such cohort here, or the patient is not in it, or not for the caller.
            UpstreamUnavailableError: Records does not answer.
        """
        await reach.require(patient_id, Information.DEMOGRAPHICS)
        if not await storage.delete_member(self._db, cohort_id, patient_id):
            raise NotFoundError
        return await self._reader.get(cohort_id)

    async def _let_in(self, cohort_id: CohortId, patients: list[PatientId], reach: CallersReach) -> None:
        if not patients:
            return
        if await reach.among(patients, Information.DEMOGRAPHICS) != set(patients):
            raise NotFoundError
        now = self._clock.now()
        if await storage.insert_members(self._db, self._organization_id, cohort_id, patients, now) != len(patients):
            raise CohortMemberError
