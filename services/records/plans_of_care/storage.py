"""Where plans of care are kept, sealed with the patient's own key."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, cast, exists, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.contracts.identifiers import AccountId, EpisodeId, OrganizationId, PatientId
from services.contracts.records.plans_of_care import (
    PatientSignatureRequest,
    PlanAct,
    PlanActKind,
    PlanOfCare,
    PlanOfCareContents,
    PlanOfCareStatus,
    PlanReviewRequest,
)
from services.records.episodes.tables import EpisodeRow
from services.records.person_seal import PersonSeal
from services.records.plans_of_care.facts import ActFacts, PlanFacts, Stay
from services.records.plans_of_care.standing import status_of
from services.records.plans_of_care.tables import PlanActRow, PlanOfCareRow
from services.records.treatment_plans.tables import TreatmentPlanRow

_PLANS: Final = PlanOfCareRow.__tablename__
_ACTS: Final = PlanActRow.__tablename__
_ACT: Final = ("number", "version", "kind", "took_place_at", "recorded_by", "recorded_at", "needs_cosignature")
_EPISODE_ID: Final = bindparam("episode_id", type_=Uuid)
_VERSIONS: Final = (
    select(PlanOfCareRow.__table__)
    .where(PlanOfCareRow.episode_id == _EPISODE_ID)
    .order_by(PlanOfCareRow.version.desc())
)
_DONE: Final = select(PlanActRow.__table__).where(PlanActRow.episode_id == _EPISODE_ID).order_by(PlanActRow.number)
_READ_VERSIONS: Final = Query(_VERSIONS)
_READ_DONE: Final = Query(_DONE)
_EPISODE_IDS: Final = any_(bindparam("episode_ids", type_=ARRAY(Uuid)))
_WRITTEN: Final = Query(
    select(PlanOfCareRow.episode_id, PlanOfCareRow.version, PlanOfCareRow.written_at)
    .where(PlanOfCareRow.episode_id == _EPISODE_IDS)
    .order_by(PlanOfCareRow.episode_id, PlanOfCareRow.version)
)
_ACTED: Final = Query(
    select(
        PlanActRow.episode_id,
        PlanActRow.version,
        PlanActRow.kind,
        PlanActRow.took_place_at,
        PlanActRow.needs_cosignature,
    )
    .where(PlanActRow.episode_id == _EPISODE_IDS)
    .order_by(PlanActRow.episode_id, PlanActRow.number)
)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_ACTED_OF_PATIENT: Final = Query(
    select(
        PlanActRow.episode_id,
        EpisodeRow.site_id,
        EpisodeRow.admitted_on,
        EpisodeRow.discharged_on,
        PlanActRow.version,
        PlanActRow.kind,
        PlanActRow.took_place_at,
        PlanActRow.needs_cosignature,
    )
    .join(
        EpisodeRow,
        (EpisodeRow.organization_id == PlanActRow.organization_id) & (EpisodeRow.id == PlanActRow.episode_id),
    )
    .where(EpisodeRow.patient_id == _PATIENT_ID)
    .order_by(EpisodeRow.admitted_on, PlanActRow.episode_id, PlanActRow.number)
)
_NEWEST_OF_PATIENT: Final = Query(
    select(PlanOfCareRow.__table__)
    .ext(distinct_on(PlanOfCareRow.episode_id))
    .join(
        EpisodeRow,
        (EpisodeRow.organization_id == PlanOfCareRow.organization_id) & (EpisodeRow.id == PlanOfCareRow.episode_id),
    )
    .where(EpisodeRow.patient_id == _PATIENT_ID)
    .order_by(PlanOfCareRow.episode_id, PlanOfCareRow.version.desc())
)
_ALL_OF_PATIENT: Final = Query(
    select(PlanOfCareRow.__table__, EpisodeRow.discharged_on)
    .join(
        EpisodeRow,
        (EpisodeRow.organization_id == PlanOfCareRow.organization_id) & (EpisodeRow.id == PlanOfCareRow.episode_id),
    )
    .where(EpisodeRow.patient_id == _PATIENT_ID)
    .order_by(PlanOfCareRow.written_at.desc(), PlanOfCareRow.version.desc())
)
_DONE_OF_PATIENT: Final = Query(
    select(PlanActRow.__table__)
    .join(
        EpisodeRow,
        (EpisodeRow.organization_id == PlanActRow.organization_id) & (EpisodeRow.id == PlanActRow.episode_id),
    )
    .where(EpisodeRow.patient_id == _PATIENT_ID)
    .order_by(PlanActRow.episode_id, PlanActRow.number)
)

IN_CHART: Final = (_NEWEST_OF_PATIENT, _DONE_OF_PATIENT)
"""What `PlanOfCareQueries.newest_of_patient` asks."""


_NEWEST_PLAN: Final = (
    select(PlanOfCareRow.episode_id, PlanOfCareRow.treatment_plan_version)
    .ext(distinct_on(PlanOfCareRow.episode_id))
    .where(PlanOfCareRow.episode_id == _EPISODE_IDS)
    .order_by(PlanOfCareRow.episode_id, PlanOfCareRow.version.desc())
    .subquery("newest_plan")
)
_ASKED: Final = aliased(TreatmentPlanRow, name="asked")
_LATER: Final = aliased(TreatmentPlanRow, name="later")
_SAID: Final = aliased(TreatmentPlanRow, name="said")
_SERVICES: Final = Query(
    select(
        EpisodeRow.id.label("episode_id"),
        # SQLAlchemy's connections hand jsonb over in another form than the pool of reads; text is text on both.
        cast(_ASKED.required_services, Text).label("asked"),
        cast(_SAID.required_services, Text).label("said"),
    )
    .join_from(_NEWEST_PLAN, EpisodeRow, EpisodeRow.id == _NEWEST_PLAN.c.episode_id)
    .join(
        _ASKED,
        (_ASKED.organization_id == EpisodeRow.organization_id) & (_ASKED.patient_id == EpisodeRow.patient_id),
    )
    .outerjoin(
        _SAID,
        (_SAID.organization_id == EpisodeRow.organization_id)
        & (_SAID.patient_id == EpisodeRow.patient_id)
        & (_SAID.version == _NEWEST_PLAN.c.treatment_plan_version),
    )
    .where(
        ~exists()
        .where(
            _LATER.organization_id == _ASKED.organization_id,
            _LATER.patient_id == _ASKED.patient_id,
            _LATER.version > _ASKED.version,
        )
        .correlate(_ASKED)
    )
)


class SealedPlan(NamedTuple):
    """A version that is still closed, and every act on it."""

    row: Mapping[Any, Any]
    acts: list[Mapping[Any, Any]]

    @property
    def version(self) -> int:
        """Its number."""
        version: int = self.row["version"]
        return version

    @property
    def written_at(self) -> datetime:
        """When it was written."""
        written_at: datetime = self.row["written_at"]
        return written_at

    @property
    def is_of_open_episode(self) -> bool:
        """Whether the patient has not been discharged from its episode; told of by `PlanOfCareQueries.of_patient`."""
        return self.row["discharged_on"] is None

    def signers(self, kind: PlanActKind) -> set[AccountId]:
        """Return who has recorded acts of this kind."""
        return {act["recorded_by"] for act in self.acts if act["kind"] == kind}

    @property
    def supervised_signatures(self) -> list[tuple[AccountId, datetime]]:
        """Which signatures lack the one of who supervises; none once it is there."""
        if self.signers(PlanActKind.COSIGNED):
            return []
        return [(act["recorded_by"], act["recorded_at"]) for act in self.acts if act["needs_cosignature"]]

    @property
    def status(self) -> PlanOfCareStatus:
        """Where it stands."""
        return status_of(
            {PlanActKind(act["kind"]) for act in self.acts},
            needs_cosignature=any(act["needs_cosignature"] for act in self.acts),
        )

    def written(self, seal: PersonSeal) -> dict[str, Any]:
        """Open what was written, as it was written: a signature is of this, whatever members plans have by now."""
        opened = seal.open(self.row["details"], _PLANS, _column(self.version), self.row["episode_id"])
        details: dict[str, Any] = orjson.loads(opened)
        return details

    def open(self, patient_id: PatientId, seal: PersonSeal) -> PlanOfCare:
        """Open what the plan says, and what was said with each act."""
        details = self.written(seal)
        return PlanOfCare(
            episode_id=self.row["episode_id"],
            patient_id=patient_id,
            version=self.version,
            status=self.status,
            contents=PlanOfCareContents.model_validate(details["contents"]),
            reason=details["reason"],
            written_by=self.row["written_by"],
            written_at=self.row["written_at"],
            acts=[_to_act(act, seal) for act in self.acts],
        )


class NewVersion(NamedTuple):
    """A version to be written."""

    version: int
    contents: PlanOfCareContents
    reason: str | None
    written_by: AccountId
    written_at: datetime
    treatment_plan_version: int | None


class NewAct(NamedTuple):
    """An act to be recorded, and what is said with it."""

    kind: PlanActKind
    took_place_at: datetime
    recorded_by: AccountId
    recorded_at: datetime
    needs_cosignature: bool = False
    answer: PatientSignatureRequest | None = None
    review: PlanReviewRequest | None = None


class PlanOfCareQueries:
    """Reads of plans of care."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def versions(self, episode_id: EpisodeId) -> list[SealedPlan]:
        """Return every version of an episode's plan, the newest first."""
        rows = await self._read.all(_READ_VERSIONS, episode_id=episode_id)
        return _with(rows, await self._read.all(_READ_DONE, episode_id=episode_id))

    async def facts(self, episode_ids: list[EpisodeId]) -> dict[EpisodeId, PlanFacts]:
        """Return what can be known unopened of the plans of those of these episodes that have one."""
        versions = defaultdict[EpisodeId, list[tuple[int, datetime]]](list)
        acts = defaultdict[EpisodeId, list[ActFacts]](list)
        for row in await self._read.all(_WRITTEN, episode_ids=episode_ids):
            versions[row["episode_id"]].append((row["version"], row["written_at"]))
        for row in await self._read.all(_ACTED, episode_ids=episode_ids):
            acts[row["episode_id"]].append(_to_facts(row))
        changed = {
            row["episode_id"]
            for row in await self._read.all(_SERVICES, episode_ids=episode_ids)
            if _services(row["asked"]) != _services(row["said"])
        }
        return {one: PlanFacts(of, acts[one], one in changed) for one, of in versions.items()}

    async def acts_of_patient(self, patient_id: PatientId) -> list[tuple[Stay, list[ActFacts]]]:
        """Return each stay of a patient whose plan something was done to, and what; the earliest first."""
        rows = await self._read.all(_ACTED_OF_PATIENT, patient_id=patient_id)
        stays = {row["episode_id"]: Stay(row["site_id"], row["admitted_on"], row["discharged_on"]) for row in rows}
        return [(stay, [_to_facts(row) for row in rows if row["episode_id"] == one]) for one, stay in stays.items()]

    async def newest_of_patient(self, patient_id: PatientId) -> dict[EpisodeId, SealedPlan]:
        """Return the newest version of the plan of each of a patient's episodes that has one."""
        done = await self._read.all(_DONE_OF_PATIENT, patient_id=patient_id)
        rows = await self._read.all(_NEWEST_OF_PATIENT, patient_id=patient_id)
        return {EpisodeId(plan.row["episode_id"]): plan for plan in _with(rows, done)}

    async def of_patient(self, patient_id: PatientId) -> list[SealedPlan]:
        """Return every version of the plans of all of a patient's episodes, the one written last first."""
        done = await self._read.all(_DONE_OF_PATIENT, patient_id=patient_id)
        return _with(await self._read.all(_ALL_OF_PATIENT, patient_id=patient_id), done)


class PlanOfCareRows:
    """Plans of care within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def newest(self, episode_id: EpisodeId) -> SealedPlan | None:
        """Return the newest version; the patient is locked, so that it stays the newest."""
        values = {"episode_id": episode_id}
        rows = (await self._db.execute(_VERSIONS.limit(1), values)).mappings().all()
        done = (await self._db.execute(_DONE, values)).mappings().all()
        return next(iter(_with(rows, done)), None)

    async def add(self, episode_id: EpisodeId, new: NewVersion, seal: PersonSeal) -> SealedPlan:
        """Write a version."""
        written = orjson.dumps({"contents": new.contents.model_dump(mode="json"), "reason": new.reason})
        row = {
            "organization_id": self._organization_id,
            "episode_id": episode_id,
            "version": new.version,
            "details": seal.close(written, _PLANS, _column(new.version), episode_id),
            "written_by": new.written_by,
            "written_at": new.written_at,
            "treatment_plan_version": new.treatment_plan_version,
        }
        self._db.add(PlanOfCareRow(**row))
        await self._db.flush()
        return SealedPlan(row, [])

    async def act(self, plan: SealedPlan, act: NewAct, seal: PersonSeal) -> SealedPlan:
        """Record what was done to a version; acts of an episode are numbered, and the patient is locked."""
        episode_id = plan.row["episode_id"]
        done = (await self._db.execute(_DONE, {"episode_id": episode_id})).mappings().all()
        number = len(done) + 1
        said = {
            name: one and one.model_dump(mode="json") for name, one in (("answer", act.answer), ("review", act.review))
        }
        row = {
            "organization_id": self._organization_id,
            "episode_id": episode_id,
            "number": number,
            "version": plan.version,
            "kind": act.kind.value,
            "details": seal.close(orjson.dumps(said), _ACTS, _column(number), episode_id),
            "took_place_at": act.took_place_at,
            "recorded_by": act.recorded_by,
            "recorded_at": act.recorded_at,
            "needs_cosignature": act.needs_cosignature,
        }
        self._db.add(PlanActRow(**row))
        await self._db.flush()
        return SealedPlan(plan.row, [*plan.acts, row])


def _services(text: str | None) -> frozenset[tuple[str, int, int]] | None:
    if text is None:
        return None
    return frozenset((one["service"], one["minutes_per_week"], one.get("every_weeks", 1)) for one in orjson.loads(text))


def _column(number: int) -> str:
    # The versions, and the acts, of a plan share the episode's id: without its number one would open for another.
    return f"details{number}"


def _to_facts(row: Mapping[Any, Any]) -> ActFacts:
    return ActFacts(row["version"], PlanActKind(row["kind"]), row["took_place_at"], row["needs_cosignature"])


def _to_act(row: Mapping[Any, Any], seal: PersonSeal) -> PlanAct:
    said = orjson.loads(seal.open(row["details"], _ACTS, _column(row["number"]), row["episode_id"]))
    answer = said["answer"] or {"manner": None, "reason": None}
    return PlanAct.model_validate(
        {
            **{name: row[name] for name in _ACT},
            "manner": answer["manner"],
            "reason": answer["reason"],
            # What was signed before digests were kept has none.
            "sha256": answer.get("sha256"),
            "review": said["review"],
        }
    )


def _with(rows: Iterable[Mapping[Any, Any]], done: Iterable[Mapping[Any, Any]]) -> list[SealedPlan]:
    acts = list(done)
    return [SealedPlan(row, [act for act in acts if _is_of(act, row)]) for row in rows]


def _is_of(act: Mapping[Any, Any], plan: Mapping[Any, Any]) -> bool:
    return bool(act["version"] == plan["version"] and act["episode_id"] == plan["episode_id"])
