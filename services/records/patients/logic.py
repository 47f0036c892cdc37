"""What may be done with patients."""

import secrets
from collections.abc import Iterable
from datetime import UTC, date
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.patients import Patient, PatientPresence, PatientRequest
from services.records.gate import Gate, Parts, Reach, Withheld
from services.records.patients.likeness import likeness
from services.records.patients.rules import OLDEST_YEARS, age_on, is_plausible_birth_date
from services.records.patients.storage import PatientQueries, PatientRows, Row, SealedPatient, Seen, Viewer
from services.records.person_seal import PersonSeal

_FIRST_VERSION = 1


class PatientCommands:
    """Changes to patients, within one unit of work."""

    def __init__(self, rows: PatientRows, gate: Gate) -> None:
        self._rows = rows
        self._gate = gate
        self._clock = gate.clock

    async def create(self, request: PatientRequest) -> Patient:
        """Admit a patient.

        Raises:
            InvalidRequestError: No living person was born on that day.
        """
        now = self._clock.now()
        if not is_plausible_birth_date(request.birth_date, now.astimezone(UTC).date()):
            raise InvalidRequestError(
                "/birth_date", f"must not lie in the future, nor more than {OLDEST_YEARS} years ago"
            )
        patient = Patient(
            id=PatientId(new_id(now, secrets.token_bytes(10))),
            given_name=request.given_name,
            family_name=request.family_name,
            birth_date=request.birth_date,
            site_id=request.site_id,
            version=_FIRST_VERSION,
            created_at=now,
        )
        await self._rows.add(patient)
        if not self._gate.sees_everybody(Information.DEMOGRAPHICS):
            await self._rows.join_care_team(patient, self._gate.caller.account_id)
        self._gate.shown([patient.id], Information.DEMOGRAPHICS)
        return patient

    async def lock(self, patient_id: PatientId, information: Information) -> Patient:
        """Return a patient of whom this may be changed; other writers of this patient wait from now on.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            OpenedToBeReadError: The caller sees the patient by a broken glass alone.
        """
        return (await self.lock_sealed(patient_id, information)).patient

    async def lock_sealed(self, patient_id: PatientId, information: Information) -> SealedPatient:
        """Return a patient, with the seal of what is written about them; otherwise as `lock`, which it raises as."""
        seen = await self._rows.lock(patient_id, Viewer(self._gate.caller.account_id, self._clock.now()))
        self._gate.pass_to_change(patient_id, seen and seen.reach, information)
        assert seen is not None  # noqa: S101 - the gate lets nobody through where nobody is
        return seen.row

    async def alike(self, given_name: str, family_name: str, birth_date: date) -> list[PatientId]:
        """Return who of the patients the caller may see has this name and birth date, longest known first."""
        viewer = Viewer(self._gate.caller.account_id, self._clock.now())
        found = await self._rows.alike(likeness(given_name, family_name, birth_date), viewer)
        seen = [one.row.id for one in found if self._gate.is_open(one.reach, Information.DEMOGRAPHICS)]
        self._gate.shown(list(seen), Information.DEMOGRAPHICS)
        return seen

    async def lock_in_emergency(self, patient_id: PatientId, nature: str) -> PersonSeal:
        """Let the caller open a patient's record without treating them, and return the seal; the trail says so.

        Raises:
            NotFoundError: There is no such patient here.
        """
        seen = await self._rows.lock(patient_id, Viewer(self._gate.caller.account_id, self._clock.now()))
        if seen is None or seen.reach.is_sealed:
            self._gate.refuse(patient_id)
            raise NotFoundError
        self._gate.broke_glass(patient_id, nature)
        return seen.row.seal

    async def lock_to_disclose(self, patient_id: PatientId) -> tuple[SealedPatient, Reach]:
        """Return a patient and what the caller is to them; whoever calls this decides on it, and tells the trail.

        Raises:
            NotFoundError: There is no such patient here.
        """
        seen = await self._rows.lock(patient_id, Viewer(self._gate.caller.account_id, self._clock.now()))
        if seen is None:
            self._gate.refuse(patient_id)
            raise NotFoundError
        return seen.row, seen.reach

    async def lock_age(self, patient_id: PatientId, information: Information, day: date) -> int:
        """Return a patient's age in completed years on a day; otherwise as `lock`.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return age_on((await self.lock(patient_id, information)).birth_date, day)

    async def known(self, patient_ids: list[PatientId]) -> set[PatientId]:
        """Return which of these are patients here, for planning their weeks."""
        known = await self._rows.known(patient_ids)
        self._gate.shown(sorted(known), Information.SCHEDULING)
        return known

    async def names(self, patient_ids: list[PatientId]) -> dict[PatientId, tuple[str, str]]:
        """Return given and family names to look for in a text, never to show: the caller may not know them all."""
        found = await self._rows.some(patient_ids, Viewer(self._gate.caller.account_id, self._clock.now()))
        self._gate.looked_up([one.row.id for one in found], Information.DEMOGRAPHICS)
        return {one.row.id: (one.row.given_name, one.row.family_name) for one in found}

    async def within_reach(self, patient_ids: Iterable[PatientId], information: Information) -> list[PatientId]:
        """Return which of these the caller may see this of, and tell the trail."""
        viewer = Viewer(self._gate.caller.account_id, self._clock.now())
        found = await self._rows.some(list(patient_ids), viewer)
        seen = [one.row.id for one in found if self._gate.is_open(one.reach, information)]
        self._gate.shown(list(seen), information)
        return seen

    async def may_write_of(self, patient_id: PatientId, information: Information) -> bool:
        """Say whether this of a patient may be written down by the caller, and tell the trail.

        Raises:
            OpenedToBeReadError: The caller sees the patient by a broken glass alone.
        """
        viewer = Viewer(self._gate.caller.account_id, self._clock.now())
        seen = next(iter(await self._rows.some([patient_id], viewer)), None)
        try:
            self._gate.pass_to_change(patient_id, seen and seen.reach, information)
        except NotFoundError:
            return False
        return True


class PatientReads:
    """What can be read of patients."""

    def __init__(self, queries: PatientQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate
        # One instant for all that a request reads.
        self.viewer: Final = Viewer(gate.caller.account_id, gate.clock.now())

    async def one(self, patient_id: PatientId) -> Patient:
        """Return a patient.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return self._let_through(patient_id, await self._queries.one(patient_id, self.viewer), Information.DEMOGRAPHICS)

    async def one_for(self, patient_id: PatientId, information: Information) -> Patient:
        """Return a patient to logic that tells this of them, and no more.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return self._let_through(patient_id, await self._queries.one(patient_id, self.viewer), information)

    async def in_parts(self, patient_id: PatientId, parts: Parts) -> tuple[SealedPatient, Withheld]:
        """Return a patient to somebody who may see their demographics, and which further parts are withheld.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seen = await self._queries.sealed(patient_id, self.viewer)
        withheld = self._gate.pass_in_parts(patient_id, seen and seen.reach, Information.DEMOGRAPHICS, parts)
        assert seen is not None  # noqa: S101 - the gate lets nobody through where nobody is
        return seen.row, withheld

    async def page(self, requested: PageRequest) -> Page[Patient]:
        """Return a page of the patients whom the caller may see, oldest entry first."""
        everybody = self._gate.sees_everybody(Information.DEMOGRAPHICS)
        found = await self._queries.some(requested, self.viewer, everybody=everybody)
        page = requested.page([seen.row for seen in found if self._gate.is_open(seen.reach, Information.DEMOGRAPHICS)])
        self._gate.shown([patient.id for patient in page.items], Information.DEMOGRAPHICS)
        return page

    async def presence(self, patient_id: PatientId, information: Information) -> PatientPresence:
        """Return where a patient is treated, and nothing else, to somebody who may see this of them.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return self._let_through(patient_id, await self._queries.presence(patient_id, self.viewer), information)

    async def presence_to_plan(
        self,
        patient_id: PatientId,
        information: Information = Information.SCHEDULING,
        *,
        for_change: bool = False,
    ) -> PatientPresence:
        """Return where a patient is treated to the scheduler, for somebody who may see this of them, or change it.

        Of who was shredded the scheduler plans nothing, and shows nothing, while what became of the record is still
        told here.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            OpenedToBeReadError: The caller would change it, and sees the patient by a broken glass alone.
        """
        seen = await self._queries.presence(patient_id, self.viewer, to_plan=True)
        if for_change:
            self._gate.pass_to_change(patient_id, seen and seen.reach, information)
            assert seen is not None  # noqa: S101 - the gate lets nobody through where nobody is
            return seen.row
        return self._let_through(patient_id, seen, information)

    async def within_reach(self, patient_ids: Iterable[PatientId], information: Information) -> list[PatientId]:
        """Return of which of these the caller may see this, and tell the trail."""
        reaches = await self._queries.reaches(patient_ids, self.viewer)
        seen = [one for one, reach in reaches.items() if self._gate.is_open(reach, information)]
        self._gate.shown(list(seen), information)
        return seen

    async def names(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, tuple[str, str]]:
        """Return given and family names to look for in a text, never to show: the caller may not know them all."""
        found = await self._queries.these(patient_ids, self.viewer)
        self._gate.looked_up([one.row.id for one in found], Information.DEMOGRAPHICS)
        return {one.row.id: (one.row.given_name, one.row.family_name) for one in found}

    async def ages(self, patient_ids: Iterable[PatientId], day: date) -> dict[PatientId, int]:
        """Return ages in completed years on a day, to reckon with and never to show."""
        found = await self._queries.these(patient_ids, self.viewer)
        self._gate.looked_up([one.row.id for one in found], Information.DEMOGRAPHICS)
        return {one.row.id: age_on(one.row.birth_date, day) for one in found}

    async def seal(self, patient_id: PatientId, information: Information) -> PersonSeal:
        """Return the seal of a patient, to somebody who may see this of them.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return self._let_through(patient_id, await self._queries.seal(patient_id, self.viewer), information)

    async def sealed(self, patient_id: PatientId, information: Information) -> SealedPatient:
        """Return a patient, with the seal of what is written about them, to somebody who may see this of them.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        return self._let_through(patient_id, await self._queries.sealed(patient_id, self.viewer), information)

    async def seals_at(self, site_id: SiteId, *information: Information) -> dict[PatientId, PersonSeal]:
        """Return the seals of those at a site of whom the caller may see all of this; who opens them tells `shown`."""
        found = await self._queries.seals_at(site_id, self.viewer)
        return {
            one: seen.row
            for one, seen in found.items()
            if all(self._gate.is_open(seen.reach, part) for part in information)
        }

    async def reached(self, site_id: SiteId, *information: Information) -> list[PatientId]:
        """Return those at a site of whom the caller may see all of this; whoever shows it tells it by `shown`."""
        found = await self._queries.presences_at(site_id, self.viewer)
        return [seen.row.id for seen in found if all(self._gate.is_open(seen.reach, one) for one in information)]

    def shown(self, patient_ids: Iterable[PatientId], information: Information) -> None:
        """Tell the trail of whom this was read."""
        self._gate.shown(sorted(patient_ids), information)

    async def at_site(self, site_id: SiteId) -> list[PatientId]:
        """Return who is treated at a site."""
        return await self._queries.at_site(site_id)

    def planned(self, patient_ids: list[PatientId]) -> None:
        """Tell the trail whose weeks were read for planning."""
        self._gate.shown(list(patient_ids), Information.SCHEDULING)

    def _let_through(self, patient_id: PatientId, seen: Seen[Row] | None, information: Information) -> Row:
        self._gate.pass_through(patient_id, seen and seen.reach, information)
        assert seen is not None  # noqa: S101 - the gate lets nobody through where nobody is
        return seen.row
