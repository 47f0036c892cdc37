"""The wiring of what is only read: census, key figures, fairness, what has changed."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Now, Reading
from services.scheduler.census.logic import BookedMeetings, CensusReader
from services.scheduler.closures.logic import ClosuresReader
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import Records, setups_in
from services.scheduler.fairness.logic import FairnessReader
from services.scheduler.horizon.logic import HorizonReader
from services.scheduler.kpis.logic import KpisReader
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.week_changes.logic import WeekChangesReader


async def _census(read: Reading, records: Records, clock: Now) -> CensusReader:
    sites = SitesReader(read)
    return CensusReader(
        booked=BookedMeetings(read),
        setups=setups_in(read),
        rules=RulePacksReader(read, sites),
        records=records,
        clock=clock,
    )


async def _kpis(read: Reading) -> KpisReader:
    return KpisReader(read, SitesReader(read))


async def _fairness(read: Reading, records: Records) -> FairnessReader:
    return FairnessReader(read, sites=SitesReader(read), records=records)


async def _horizon(read: Reading, records: Records) -> HorizonReader:
    sites = SitesReader(read)
    return HorizonReader(
        setups=setups_in(read),
        booked=BookedMeetings(read),
        closures=ClosuresReader(read, sites),
        commitments=CommitmentsReader(read),
        rules=RulePacksReader(read, sites),
        records=records,
    )


async def _week_changes(read: Reading, clock: Now) -> WeekChangesReader:
    return WeekChangesReader(read, SitesReader(read), clock)


HorizonRead = Annotated[HorizonReader, Depends(_horizon)]
CensusRead = Annotated[CensusReader, Depends(_census)]
KpisRead = Annotated[KpisReader, Depends(_kpis)]
WeekChangesRead = Annotated[WeekChangesReader, Depends(_week_changes)]
FairnessRead = Annotated[FairnessReader, Depends(_fairness)]
