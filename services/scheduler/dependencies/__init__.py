"""The wiring of the scheduler's subjects, readable from top to bottom."""

from typing import Annotated

from fastapi import Depends, Request

from services.chassis.wiring import Caller, Now, Reading, organization_of
from services.scheduler.appointments.logic import AppointmentsLogic, AppointmentsReader
from services.scheduler.closures.logic import ClosureGuard
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.dependencies.base import CallersWork as _Command
from services.scheduler.dependencies.base import Command, Records, moved_weeks_in, notices_in, outages_in, setups_in
from services.scheduler.dependencies.seats import freed_seats_in
from services.scheduler.dependencies.transport import rides_in
from services.scheduler.fairness.logic import BurdensReader
from services.scheduler.group_offerings.logic import GroupOfferingsLogic, GroupOfferingsReader
from services.scheduler.group_series.logic import GroupSeriesLogic, GroupSeriesReader
from services.scheduler.licences.logic import LicencesReader
from services.scheduler.make_ups.logic import MissedReader
from services.scheduler.make_ups.planned import PlannedMakeUps
from services.scheduler.notices.announcing import Announcements
from services.scheduler.practitioners.logic import PractitionersLogic, PractitionersReader
from services.scheduler.proposals.deciding import ProposalChangesLogic, ProposalChangesReader
from services.scheduler.proposals.logic import ProposalsLogic, ProposalsReader
from services.scheduler.proposals.republishing import Republishing
from services.scheduler.proposals.reverting import RevertsLogic
from services.scheduler.proposals.telehealth import TelehealthGate
from services.scheduler.proposals.versions import VersionsReader
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.sealed_patients.logic import PlannedPatients, SealedPatients
from services.scheduler.sites.logic import SitesLogic, SitesReader
from services.scheduler.solves.batches import SolveBatchesLogic, SolveBatchesReader
from services.scheduler.solves.logic import SolvesLogic, SolvesReader, WeekFacts
from services.scheduler.solves.streams import SolveStreams
from services.scheduler.solves.watching import SolveWatch
from services.scheduler.timetables.logic import TimetablesLogic, TimetablesReader
from services.scheduler.weekly_held_seats.logic import KeptWeeksReader


async def _sites_read(read: Reading) -> SitesReader:
    return SitesReader(read)


async def _sites(command: Command) -> SitesLogic:
    return SitesLogic(command.db, command.organization_id, SitesReader(command.read), command.clock)


async def _practitioners_read(read: Reading) -> PractitionersReader:
    return PractitionersReader(read, SitesReader(read))


async def _practitioners(command: Command) -> PractitionersLogic:
    sites = SitesReader(command.read)
    return PractitionersLogic(
        command.db, command.organization_id, sites, PractitionersReader(command.read, sites), command.clock
    )


async def _group_offerings_read(read: Reading) -> GroupOfferingsReader:
    return GroupOfferingsReader(read, SitesReader(read))


async def _group_offerings(command: Command) -> GroupOfferingsLogic:
    sites = SitesReader(command.read)
    return GroupOfferingsLogic(
        command.db, command.organization_id, sites, GroupOfferingsReader(command.read, sites), command.clock
    )


async def _group_series_read(read: Reading) -> GroupSeriesReader:
    return GroupSeriesReader(read, SitesReader(read))


async def _solves_read(read: Reading) -> SolvesReader:
    return SolvesReader(read)


async def _solve_watch(request: Request) -> SolveWatch:
    watch: SolveWatch = request.app.state.solve_watch
    return watch


async def _solve_streams(
    read: Reading, principal: Caller, watch: Annotated[SolveWatch, Depends(_solve_watch)]
) -> SolveStreams:
    reader = SolvesReader(read)
    return SolveStreams(watch, organization_of(principal), reader=reader, batches=SolveBatchesReader(reader))


async def _week_facts(command: Command, records: Records) -> WeekFacts:
    sites = SitesReader(command.read)
    return WeekFacts(
        setups=setups_in(command.read),
        commitments=CommitmentsReader(command.read),
        rules=RulePacksReader(command.read, sites),
        burdens=BurdensReader(command.read, sites),
        timetables=TimetablesReader(command.read),
        appointments=AppointmentsReader(command.read, sites, command.clock),
        outages=outages_in(command.read),
        missed=MissedReader(command.read, command.clock),
        records=records,
        clock=command.clock,
    )


Facts = Annotated[WeekFacts, Depends(_week_facts)]


def _solves_in(command: _Command, reader: SolvesReader, facts: WeekFacts) -> SolvesLogic:
    return SolvesLogic(
        command.db,
        command.organization_id,
        reader=reader,
        facts=facts,
        kept=KeptWeeksReader(command.read, command.clock),
        licences=LicencesReader(command.read),
        clock=command.clock,
    )


async def _solves(command: Command, facts: Facts) -> SolvesLogic:
    reader = SolvesReader(command.read)
    return _solves_in(command, reader, facts)


async def _solve_batches(command: Command, facts: Facts) -> SolveBatchesLogic:
    reader = SolvesReader(command.read)
    return SolveBatchesLogic(
        command.db,
        reader=SolveBatchesReader(reader),
        sites=SitesReader(command.read),
        solves=_solves_in(command, reader, facts),
        clock=command.clock,
    )


async def _solve_batches_read(read: Reading) -> SolveBatchesReader:
    return SolveBatchesReader(SolvesReader(read))


def _timetables(command: _Command, published: TimetablesReader) -> TimetablesLogic:
    series = GroupSeriesLogic(command.db, command.organization_id, command.clock)
    return TimetablesLogic(command.db, command.organization_id, published, series)


async def _proposals_read(read: Reading) -> ProposalsReader:
    return ProposalsReader(read)


def _telehealth_gate(command: _Command, facts: WeekFacts) -> TelehealthGate:
    sites = SitesReader(command.read)
    return TelehealthGate(
        AppointmentsReader(command.read, sites, command.clock),
        LicencesReader(command.read),
        facts,
        command.clock,
    )


async def _proposals(command: Command, facts: Facts, records: Records) -> ProposalsLogic:
    published = TimetablesReader(command.read)
    return ProposalsLogic(
        command.db,
        command.account_id,
        reader=ProposalsReader(command.read),
        sites=SitesReader(command.read),
        solves=SolvesReader(command.read),
        commitments=CommitmentsReader(command.read),
        published=published,
        moved_weeks=moved_weeks_in(command.read),
        timetables=_timetables(command, published),
        appointments=AppointmentsLogic(command.db, command.organization_id, command.clock),
        book=AppointmentsReader(command.read, SitesReader(command.read), command.clock),
        outages=outages_in(command.read),
        announcements=Announcements(notices_in(command), command.clock),
        guard=ClosureGuard(command.db, command.clock),
        make_ups=PlannedMakeUps(command.db, command.read),
        rides=rides_in(command),
        telehealth=_telehealth_gate(command, facts),
        planned=PlannedPatients(command.db, command.organization_id, SealedPatients(command.read)),
        freed_seats=freed_seats_in(command, records),
        clock=command.clock,
    )


async def _proposal_changes_read(read: Reading) -> ProposalChangesReader:
    return ProposalChangesReader(read, ProposalsReader(read))


async def _proposal_changes(command: Command) -> ProposalChangesLogic:
    return ProposalChangesLogic(
        command.db,
        command.account_id,
        read=command.read,
        proposals=ProposalsReader(command.read),
        solves=SolvesReader(command.read),
        clock=command.clock,
    )


async def _republishing(command: Command, facts: Facts, records: Records) -> Republishing:
    return Republishing(
        facts=facts,
        moved_weeks=moved_weeks_in(command.read),
        timetables=_timetables(command, TimetablesReader(command.read)),
        appointments=AppointmentsLogic(command.db, command.organization_id, command.clock),
        announcements=Announcements(notices_in(command), command.clock),
        guard=ClosureGuard(command.db, command.clock),
        make_ups=PlannedMakeUps(command.db, command.read),
        rides=rides_in(command),
        telehealth=_telehealth_gate(command, facts),
        freed_seats=freed_seats_in(command, records),
    )


Republishes = Annotated[Republishing, Depends(_republishing)]


async def _reverts(command: Command, republishing: Republishes) -> RevertsLogic:
    return RevertsLogic(
        command.account_id,
        republishing=republishing,
        published=TimetablesReader(command.read),
        moved_weeks=moved_weeks_in(command.read),
        clock=command.clock,
    )


async def _versions(read: Reading) -> VersionsReader:
    return VersionsReader(
        sites=SitesReader(read),
        published=TimetablesReader(read),
        proposals=ProposalsReader(read),
    )


async def _timetables_read(read: Reading) -> TimetablesReader:
    return TimetablesReader(read)


async def _appointments_read(read: Reading, clock: Now) -> AppointmentsReader:
    return AppointmentsReader(read, SitesReader(read), clock)


Sites = Annotated[SitesLogic, Depends(_sites)]
SitesRead = Annotated[SitesReader, Depends(_sites_read)]
Practitioners = Annotated[PractitionersLogic, Depends(_practitioners)]
PractitionersRead = Annotated[PractitionersReader, Depends(_practitioners_read)]
GroupOfferings = Annotated[GroupOfferingsLogic, Depends(_group_offerings)]
GroupOfferingsRead = Annotated[GroupOfferingsReader, Depends(_group_offerings_read)]
GroupSeriesRead = Annotated[GroupSeriesReader, Depends(_group_series_read)]
Solves = Annotated[SolvesLogic, Depends(_solves)]
SolveBatches = Annotated[SolveBatchesLogic, Depends(_solve_batches)]
SolveBatchesRead = Annotated[SolveBatchesReader, Depends(_solve_batches_read)]
SolvesRead = Annotated[SolvesReader, Depends(_solves_read)]
SolveEvents = Annotated[SolveStreams, Depends(_solve_streams)]
Proposals = Annotated[ProposalsLogic, Depends(_proposals)]
ProposalsRead = Annotated[ProposalsReader, Depends(_proposals_read)]
ProposalChanges = Annotated[ProposalChangesLogic, Depends(_proposal_changes)]
ProposalChangesRead = Annotated[ProposalChangesReader, Depends(_proposal_changes_read)]
Reverts = Annotated[RevertsLogic, Depends(_reverts)]
Versions = Annotated[VersionsReader, Depends(_versions)]
TimetablesRead = Annotated[TimetablesReader, Depends(_timetables_read)]
AppointmentsRead = Annotated[AppointmentsReader, Depends(_appointments_read)]
