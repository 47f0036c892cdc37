"""What is to be done with drug tests at a site, of the patients whom the caller may see."""

from datetime import date
from typing import NamedTuple

from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import SiteId
from services.contracts.records.drug_tests import DrawnPatient, UnsettledTest, UnsettledTests
from services.records.draw_programmes.logic import DrawProgrammeReads
from services.records.drug_tests.rules import AWAITED, UNTOLD, awaited
from services.records.drug_tests.storage import DrugTestQueries
from services.records.gate import Gate
from services.records.patients.logic import PatientReads
from services.records.site_zones.logic import SiteZoneReads


class Beside(NamedTuple):
    """What the lists of a site depend on beside the tests."""

    programmes: DrawProgrammeReads
    zones: SiteZoneReads


class SiteTestReads:
    """What can be read of a site's tests."""

    def __init__(self, queries: DrugTestQueries, beside: Beside, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._programmes, self._zones = beside
        self._patients = patients
        self._gate = gate

    async def drawn(self, site_id: SiteId, day: date) -> Page[DrawnPatient]:
        """Return who was drawn on a day, nobody before the day's release, and whose test has been taken up."""
        drawn = await self._programmes.drawn(site_id, day)
        taken_up = await self._queries.taken_up([one.programme_id for one in drawn], day)
        items = [DrawnPatient(**one.model_dump(), test_id=taken_up.get(one.programme_id)) for one in drawn]
        return Page(items=items, next_page_token=None)

    async def unsettled(self, site_id: SiteId) -> UnsettledTests:
        """Return which tests await those who treat the patient."""
        reached = await self._patients.reached(site_id, Information.DRUG_TESTS)
        now = self._gate.clock.now()
        today = await self._zones.day(now, site_id)
        found = [
            (one, act, since)
            for one, since in await self._queries.unsettled(reached, sorted({*AWAITED, *UNTOLD}))
            if (act := awaited(one.status, one.day, one.due_at, now, today)) is not None
        ]
        self._patients.shown({one.patient_id for one, _, _ in found}, Information.DRUG_TESTS)
        members = set(UnsettledTest.model_fields)
        return UnsettledTests(
            items=[
                UnsettledTest(**one.model_dump(include=members), awaits=act, since=since) for one, act, since in found
            ]
        )
