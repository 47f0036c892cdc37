"""What a week does not keep of the figures that no week is refused for."""

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.rule_packs import ProposalRuleFindings, RuleFinding, RuleFindings
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus, Proposal, Session
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.attendance.facts import Attended
from services.scheduler.attendance.history import AttendedReader
from services.scheduler.rule_packs.keeping import OF_MORE_THAN_A_WEEK, findings_of
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.timetables.logic import TimetablesReader


class RuleFindingsReader:
    """Holds weeks, published and proposed, against what packs ask of a patient's days and week."""

    def __init__(
        self,
        *,
        sites: SitesReader,
        rules: RulePacksReader,
        timetables: TimetablesReader,
        appointments: AppointmentsReader,
        attended: AttendedReader,
        records: RecordsClient,
    ) -> None:
        self._sites = sites
        self._rules = rules
        self._timetables = timetables
        self._appointments = appointments
        self._attended = attended
        self._records = records

    async def of_week(self, site_id: SiteId, week: date, caller_token: str) -> RuleFindings:
        """Return what a published week does not keep, patient by patient, with whose figure it is.

        Raises:
            NotFoundError: There is no such site in the caller's organization, or nothing is published.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        timetable = await self._timetables.current(site_id, week)
        appointments = await self._appointments.all_of_week(site_id, week)
        booked = [one for one in appointments if one.status is AppointmentStatus.BOOKED]
        return RuleFindings(
            site_id=site_id,
            week=week,
            timetable_version=timetable.version,
            items=await self._of(site_id, week, booked, caller_token),
        )

    async def of_proposal(self, proposal: Proposal, caller_token: str) -> ProposalRuleFindings:
        """Return what a proposal would not keep, patient by patient, before anybody publishes it.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        return ProposalRuleFindings(
            proposal_id=proposal.id,
            site_id=proposal.site_id,
            week=proposal.week,
            items=await self._of(proposal.site_id, proposal.week, proposal.sessions, caller_token),
        )

    async def _of(
        self, site_id: SiteId, week: date, sessions: Iterable[Appointment | Session], caller_token: str
    ) -> list[RuleFinding]:
        site = await self._sites.get(site_id)
        requirements = await self._requirements(caller_token, site_id, week)
        rules = await self._rules.of_week(site_id, requirements)
        before: Mapping[PatientId, Attended] = {}
        if any(rules.asks(key) for key in OF_MORE_THAN_A_WEEK):
            before = await self._attended.before(week, [patient.patient_id for patient in requirements.patients])
        return findings_of(rules, requirements, sessions, ZoneInfo(site.zone), before)

    async def _requirements(self, caller_token: str, site_id: SiteId, week: date) -> WeekRequirements:
        try:
            return await self._records.week_requirements(caller_token, site_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
