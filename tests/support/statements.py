"""What a request asks of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId


@asynccontextmanager
async def statements_of(database: Database, organization_id: OrganizationId) -> AsyncIterator[list[str]]:
    """Note the statements that are sent meanwhile on the connection that a test gives to everybody.

    Of each type that it meets for the first time on a connection the driver asks what it is: ask once before.
    """
    sent: list[str] = []
    async with database.read(organization_id) as read:
        connection = read.connection

    def listen(logged: Any) -> None:
        statement = " ".join(logged.query.split())
        if not statement.upper().startswith(("SAVEPOINT", "RELEASE")):
            sent.append(statement)

    with connection.query_logger(listen):
        yield sent
