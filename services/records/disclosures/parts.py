"""The parts of a record as a disclosure takes them: what there is of each, of which days, and whom it names."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.contracts.base import ResourceModel
from services.contracts.disclosure import TOLD_AS_IT_STANDS, Information
from services.contracts.identifiers import SiteId
from services.contracts.records.claims import LONGEST_CLAIMED
from services.contracts.records.consents import Consent
from services.contracts.records.disclosed import (
    DisclosedAssessment,
    DisclosedCharge,
    DisclosedConsent,
    DisclosedCounsellingNote,
    DisclosedDischargeSummary,
    DisclosedDose,
    DisclosedDrugTest,
    DisclosedMedicine,
    DisclosedNote,
    DisclosedSession,
)
from services.contracts.records.disclosures import PartsRequest
from services.contracts.records.drug_tests import DrugTest, DrugTestStatus, Reading
from services.contracts.records.medications import Medication, MedicationEndReason
from services.contracts.records.patients import Patient
from services.policy.decisions.question import Label
from services.records.assessments.reading import AssessmentsToDisclose
from services.records.claims.charging import Asked
from services.records.claims.logic import ChargesToDisclose
from services.records.consents.beside import ConsentsToDisclose
from services.records.consents.rules import FIRST_ZONE, LAST_ZONE
from services.records.counselling_notes.logic import CounsellingNotesToDisclose
from services.records.discharge_summaries.logic import DischargeSummariesToDisclose
from services.records.drug_tests.logic import DrugTestsToDisclose
from services.records.encounters.logic import AttendedReads
from services.records.episodes.logic import StaysToDisclose
from services.records.medications.logic import MedicinesToDisclose
from services.records.notes.disclosing import Company, CompanyReads, NotesToDisclose
from services.records.notes.rules import texts_of
from services.records.person_seal import PersonSeal
from services.records.plans_of_care.logic import PlansOfCareToDisclose
from services.records.site_zones.logic import SiteZoneReads
from services.records.site_zones.rules import Zones
from services.records.treatment_plans.logic import PlansToDisclose

PLAN_OF_CARE: Final = frozenset({Information.DIAGNOSES, Information.TREATMENT_PLAN})
"""What a plan of care tells, all of which has to be asked for and permitted before it is disclosed."""

# Who is outside learns of no drawn day before the patient does.
_UNTOLD: Final = frozenset({DrugTestStatus.DRAWN, DrugTestStatus.NOTIFIED})

_SINGLE: Final = TOLD_AS_IT_STANDS - {Information.DIAGNOSES}

OTHER_ZONE: Final = "must be left out, or be the zone of the patient's site as the scheduler has told it"

Covers = Callable[[date], bool]
"""Whether a day is among those that are disclosed."""


class OtherZoneError(Exception):
    """The caller chooses no zone: that of the patient's site says on which day something was."""


class Item(NamedTuple):
    """One thing of a part."""

    days: frozenset[date]
    """All of these have to be covered: more than one where it cannot be told on which of them it was."""
    told: ResourceModel
    labels: frozenset[Label] = frozenset()

    def narrowed(self, covers: Covers) -> ResourceModel:
        """Return what is told of it where not all that followed is of covered days."""
        return _narrowed(self.told, covers) if isinstance(self.told, DisclosedMedicine) else self.told


class Kept(NamedTuple):
    """Where the parts are kept."""

    plans: PlansToDisclose
    plans_of_care: PlansOfCareToDisclose
    sessions: AttendedReads
    assessments: AssessmentsToDisclose
    medicines: MedicinesToDisclose
    drug_tests: DrugTestsToDisclose
    notes: NotesToDisclose
    company: CompanyReads
    charges: ChargesToDisclose
    stays: StaysToDisclose
    counselling_notes: CounsellingNotesToDisclose
    discharge_summaries: DischargeSummariesToDisclose
    consents: ConsentsToDisclose
    zones: SiteZoneReads


class Parts:
    """Reads the parts of one patient's record that are asked for; whoever calls this has decided on each of them."""

    def __init__(self, kept: Kept, patient: Patient, seal: PersonSeal, request: PartsRequest, now: datetime) -> None:
        self._kept = kept
        self._patient = patient
        self._seal = seal
        self._request = request
        self._today = now.astimezone(UTC).date()
        self._beside: Company | None = None
        self._zones: Mapping[SiteId, ZoneInfo] = {}

    @property
    def zone(self) -> str | None:
        """The zone of the patient's site, by which days are counted; None before anything was read, or if unknown."""
        zone = self._zones.get(self._patient.site_id)
        return None if zone is None else zone.key

    async def read(self) -> Mapping[Information, list[Item]]:
        """Return what there is of each part that is asked for, none of it outside the days that are asked for.

        Raises:
            OtherZoneError: The request says another zone than that of the patient's site.
        """
        self._zones = await self._kept.zones.known()
        if self._request.zone not in {None, self.zone}:
            raise OtherZoneError
        readers: Mapping[Information, Callable[[], Awaitable[list[Item]]]] = {
            Information.DEMOGRAPHICS: self._demographics,
            Information.TREATMENT_PLAN: self._treatment_plan,
            Information.DIAGNOSES: self._diagnoses,
            Information.ATTENDANCE: self._attendance,
            Information.ASSESSMENTS: self._assessments,
            Information.MEDICATION: self._medication,
            Information.DRUG_TESTS: self._drug_tests,
            Information.PROGRESS_NOTES: self._progress_notes,
            Information.DISCHARGE_SUMMARY: self._discharge_summary,
            Information.CLAIMS: self._claims,
            Information.CONSENTS: self._consents,
            Information.COUNSELLING_NOTES: self._counselling_notes,
        }
        return {
            one: [item for item in await readers[one]() if self._is_asked(one, item)]
            for one in self._request.information
            if one in readers
        }

    def _is_asked(self, information: Information, item: Item) -> bool:
        return information in TOLD_AS_IT_STANDS or all(self.is_asked_of(day) for day in item.days)

    def is_asked_of(self, day: date) -> bool:
        """Whether a day is among those that are asked for."""
        first, last = self._request.records_from, self._request.records_until
        return (first is None or first <= day) and (last is None or day <= last)

    async def _demographics(self) -> list[Item]:
        return [Item(frozenset(), self._patient)]

    async def _treatment_plan(self) -> list[Item]:
        plan = await self._kept.plans.newest(self._patient.id)
        return [] if plan is None else [Item(frozenset({plan.effective_from}), plan)]

    async def _diagnoses(self) -> list[Item]:
        plans = await self._kept.plans_of_care.in_force(self._patient.id, self._seal)
        if not plans:
            return []
        company = await self._company()
        return [
            Item(self._days(plan.signed_at), plan, _labels(company, texts_of(plan.contents).values())) for plan in plans
        ]

    async def _attendance(self) -> list[Item]:
        return [
            Item(self._days(one.start, one.site_id), _copied(DisclosedSession, one))
            for one in await self._kept.sessions.of_patient(self._patient.id)
        ]

    async def _assessments(self) -> list[Item]:
        settled = await self._kept.assessments.settled(self._patient.id, self._seal)
        return [
            Item(self._days(one.administered_at), _copied(DisclosedAssessment, one))
            for one in sorted(settled, key=lambda one: one.administered_at)
        ]

    async def _medication(self) -> list[Item]:
        found = await self._kept.medicines.of_patient(self._patient.id, self._seal, self._today)
        return [
            Item(frozenset({one.started_on}), _medicine(one))
            for one in found
            if one.end_reason is not MedicationEndReason.ENTERED_IN_ERROR
        ]

    async def _drug_tests(self) -> list[Item]:
        found = await self._kept.drug_tests.of_patient(self._patient.id, self._seal)
        return [Item(frozenset({one.day}), _drug_test(one)) for one in found if one.status not in _UNTOLD]

    async def _progress_notes(self) -> list[Item]:
        company = await self._company()
        items = []
        for note in await self._kept.notes.signed(self._patient.id, self._seal):
            session = company.sessions[note.encounter_id]
            told = DisclosedNote.model_validate({**_members(DisclosedNote, note), "session_start": session.start})
            days = self._days(session.start, session.site_id)
            items.append(Item(days, told, _labels(company, texts_of(note.text).values())))
        return sorted(items, key=lambda item: sorted(item.days))

    async def _discharge_summary(self) -> list[Item]:
        company = await self._company()
        return [
            Item(
                frozenset({one.discharged_on}),
                _copied(DisclosedDischargeSummary, one),
                _labels(company, texts_of(one.text).values()),
            )
            for one in await self._kept.discharge_summaries.of_patient(self._patient.id, self._seal)
        ]

    async def _claims(self) -> list[Item]:
        asked = self._request
        first, last = asked.records_from, asked.records_until
        if asked.payer is None or self.zone is None or first is None or last is None:
            return []
        zones = Zones(self._zones, self._zones[self._patient.site_id])
        if (last - first).days > LONGEST_CLAIMED:
            return []
        stays = await self._kept.stays.open_days(self._patient.id)
        lines = await self._kept.charges.billable(
            self._patient.id, Asked(asked.payer, first, last, zones), stays, self._seal
        )
        return [
            Item(
                frozenset(line.first_on + timedelta(days=n) for n in range((line.last_on - line.first_on).days + 1)),
                DisclosedCharge.model_validate({**_members(DisclosedCharge, line), "authorization_number": number}),
            )
            for line, number in lines
        ]

    async def _consents(self) -> list[Item]:
        return [
            Item(self._days(one.effective_at), _consent(one))
            for one in await self._kept.consents.of_patient(self._patient.id)
        ]

    async def _counselling_notes(self) -> list[Item]:
        company = await self._company()
        return [
            Item(
                self._days(one.written_at),
                _copied(DisclosedCounsellingNote, one),
                _labels(company, [one.text]),
            )
            for one in await self._kept.counselling_notes.of_patient(self._patient.id)
        ]

    async def _company(self) -> Company:
        # Looked at once, however many parts have texts: each look is on the trail of everybody in it.
        if self._beside is None:
            self._beside = await self._kept.company.of(self._patient.id)
        return self._beside

    def _days(self, at: datetime, site_id: SiteId | None = None) -> frozenset[date]:
        # Until the scheduler has told a site's zone, something may have been of any day that it was anywhere.
        zone = self._zones.get(site_id or self._patient.site_id)
        zones = (FIRST_ZONE, LAST_ZONE) if zone is None else (zone,)
        return frozenset(at.astimezone(one).date() for one in zones)


def member_of(information: Information) -> str:
    """Return the member of a disclosed record that holds a part."""
    return "plan_of_care" if information is Information.DIAGNOSES else information.value


def told(asked: Collection[Information], things: Mapping[Information, Sequence[ResourceModel]]) -> dict[str, object]:
    """Return what there is of what was asked for, by its member of a disclosed record."""
    return {
        member_of(one): found[0] if one in _SINGLE else list(found)
        for one, found in things.items()
        # That of a plan of care is there only for who asked for all that it tells.
        if found and (one is not Information.DIAGNOSES or PLAN_OF_CARE.issubset(asked))
    }


def _labels(company: Company, texts: Iterable[str]) -> frozenset[Label]:
    return frozenset({Label.NAMES_OTHER_PATIENTS} if company.names_anybody(texts) else ())


def _members(kind: type[ResourceModel], one: ResourceModel) -> dict[str, object]:
    return {name: getattr(one, name) for name in kind.model_fields if hasattr(one, name)}


def _copied(kind: type[ResourceModel], one: ResourceModel) -> ResourceModel:
    return kind.model_validate(_members(kind, one))


def _medicine(one: Medication) -> DisclosedMedicine:
    doses = [DisclosedDose(day=dose.day, outcome=dose.outcome) for dose in one.doses]
    return DisclosedMedicine.model_validate({**_members(DisclosedMedicine, one), "doses": doses})


def _consent(one: Consent) -> DisclosedConsent:
    terms = one.terms.model_dump(include=set(DisclosedConsent.model_fields))
    ordered = {name: sorted(terms[name]) for name in ("information", "purposes")}
    return DisclosedConsent.model_validate({**_members(DisclosedConsent, one), **terms, **ordered})


def _drug_test(one: DrugTest) -> DisclosedDrugTest:
    # By which medicine it is explained is of another part, which may not be asked for, or not permitted. That it is
    # explained goes along, as the consent's form says: a bare "methadone detected" would harm the patient more.
    readings = [_copied(Reading, reading) for reading in one.readings]
    return DisclosedDrugTest.model_validate({**_members(DisclosedDrugTest, one), "readings": readings})


def _narrowed(one: DisclosedMedicine, covers: Covers) -> DisclosedMedicine:
    is_ended = one.last_day is not None and covers(one.last_day)
    return one.model_copy(
        update={
            "last_day": one.last_day if is_ended else None,
            "end_reason": one.end_reason if is_ended else None,
            "doses": [dose for dose in one.doses if covers(dose.day)],
        }
    )
