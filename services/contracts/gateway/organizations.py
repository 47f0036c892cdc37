"""Organizations and the accounts of the people who work in them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$",
    ),
]
"""An e-mail address as a sign-in name: printable ASCII, compared in lower case."""

Password = Annotated[SecretStr, Field(min_length=12, max_length=256)]
"""A password of 12 to 256 characters (NIST SP 800-63B: length, no composition rules)."""


class OrganizationRequest(RequestModel):
    """A new organization: one legal programme with its own patients and staff."""

    name: Name


class Organization(ResourceModel):
    """An organization, the tenant that every clinical row belongs to."""

    id: OrganizationId
    name: str
    created_at: datetime
    closed_at: datetime | None = Field(description="Since when nobody can sign in to it.")


class OpenOrganization(ResourceModel):
    """An organization that lets people in."""

    id: OrganizationId


class PlacementOrder(RequestModel):
    """The court's order by which law enforcement places somebody in a programme, and its last day (42 CFR 2.67)."""

    order_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z.:/_-]*[0-9][A-Za-z0-9.:/_-]*$", max_length=64)] = (
        Field(description="The court's number of it, without blanks, and nobody's name: the trail keeps it as it is.")
    )
    expires_on: Day = Field(description="It ends with the day, wherever on earth that ends last.")


class AccountRequest(RequestModel):
    """A person's account in an organization; one e-mail address is one account everywhere."""

    email: Email
    password: Password
    display_name: Name
    roles: Annotated[Distinct[Role], Field(min_length=1)]
    placed_by_order: PlacementOrder | None = Field(
        default=None,
        description="Of an undercover agent or informant of law enforcement, whom a programme takes on by a court's"
        " order alone (42 CFR 2.17(a)). Disable the account (disable_account) when the order ends.",
    )


class RolesRequest(RequestModel):
    """The roles that a member is to hold, instead of those held before."""

    roles: Annotated[Distinct[Role], Field(min_length=1)]


class Account(ResourceModel):
    """A person who can sign in, with the roles held in this organization."""

    id: AccountId
    organization_id: OrganizationId
    email: str
    display_name: str
    roles: list[Role]
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since when the person may not sign in here; null where they may.")
