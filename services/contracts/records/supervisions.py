"""Supervision: whose notes need whose signature beside the author's."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, SupervisionId


class SupervisionRequest(RequestModel):
    """From now on one account's notes need the other's co-signature."""

    supervisee_id: AccountId
    supervisor_id: AccountId

    @model_validator(mode="after")
    def _names_two_people(self) -> Self:
        if self.supervisee_id == self.supervisor_id:
            raise ValueError("supervisor_id must be another account than supervisee_id")
        return self


class Supervision(ResourceModel):
    """Who supervises whom, and from when to when."""

    id: SupervisionId
    supervisee_id: AccountId
    supervisor_id: AccountId
    from_at: datetime
    until_at: datetime | None
