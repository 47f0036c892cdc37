"""The wiring of what people are told: the outbox, how patients agree to be written to, and who carries it."""

from typing import Annotated

from fastapi import Depends, Request

from services.chassis.database import Read, driver_connection, set_organization
from services.chassis.wiring import Caller, Now, PublicDb, Reading, organization_of
from services.contracts.identifiers import OrganizationId
from services.scheduler.dependencies.base import Command, TheRootKeys, notices_in
from services.scheduler.keys.logic import KeysLogic, KeysReader
from services.scheduler.notice_preferences.logic import NoticeOptOuts, NoticePreferencesLogic, NoticePreferencesReader
from services.scheduler.notice_providers.logic import NoticeProvidersLogic, NoticeProvidersReader
from services.scheduler.notices.channel import MessageChannel
from services.scheduler.notices.logic import NoticesLogic, NoticesReader
from services.scheduler.notices.receipts import NoticeReceiptsLogic
from services.scheduler.own_schedules.logic import OwnNoticeOptOuts
from services.scheduler.sites.logic import SitesReader


async def _message_channel(request: Request) -> MessageChannel:
    channel: MessageChannel = request.app.state.message_channel
    return channel


async def _notice_preferences_read(read: Reading, principal: Caller, root: TheRootKeys) -> NoticePreferencesReader:
    return NoticePreferencesReader(read, KeysReader(read, organization_of(principal), root))


async def _notice_preferences(command: Command, root: TheRootKeys) -> NoticePreferencesLogic:
    keys = KeysReader(command.read, command.organization_id, root)
    return NoticePreferencesLogic(
        command.db,
        command.organization_id,
        command.account_id,
        reader=NoticePreferencesReader(command.read, keys),
        keys=KeysLogic(command.db, command.read, command.organization_id, root, command.clock),
        clock=command.clock,
    )


async def _notice_providers_read(read: Reading, principal: Caller, root: TheRootKeys) -> NoticeProvidersReader:
    organization_id = organization_of(principal)
    return NoticeProvidersReader(read, organization_id, KeysReader(read, organization_id, root))


async def _notice_providers(
    command: Command, root: TheRootKeys, channel: Annotated[MessageChannel, Depends(_message_channel)]
) -> NoticeProvidersLogic:
    return NoticeProvidersLogic(
        command.db,
        command.read,
        command.organization_id,
        keys=KeysLogic(command.db, command.read, command.organization_id, root, command.clock),
        check_url=channel.check,
        clock=command.clock,
    )


async def _notice_receipts(
    organization_id: OrganizationId, db: PublicDb, root: TheRootKeys, clock: Now
) -> NoticeReceiptsLogic:
    # Nobody has signed in: the organization is the one that the path names, and its provider's signature is the proof.
    await set_organization(db, organization_id)
    read = Read(await driver_connection(db))
    providers = NoticeProvidersReader(read, organization_id, KeysReader(read, organization_id, root))
    return NoticeReceiptsLogic(db, providers, NoticeOptOuts(db, clock), OwnNoticeOptOuts(db, clock), clock)


async def _notices(command: Command) -> NoticesLogic:
    return notices_in(command)


async def _notices_read(read: Reading) -> NoticesReader:
    return NoticesReader(read, SitesReader(read))


NoticePreferences = Annotated[NoticePreferencesLogic, Depends(_notice_preferences)]
NoticePreferencesRead = Annotated[NoticePreferencesReader, Depends(_notice_preferences_read)]
NoticeProviders = Annotated[NoticeProvidersLogic, Depends(_notice_providers)]
NoticeProvidersRead = Annotated[NoticeProvidersReader, Depends(_notice_providers_read)]
NoticeReceipts = Annotated[NoticeReceiptsLogic, Depends(_notice_receipts)]
Notices = Annotated[NoticesLogic, Depends(_notices)]
NoticesRead = Annotated[NoticesReader, Depends(_notices_read)]
