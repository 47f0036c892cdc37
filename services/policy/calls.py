"""`may_call`: whether a caller may call a route; deny is the default and the answer says why."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.contracts.identity import Assurance, Principal, Role
from services.policy.route import Route


class CallDecision(StrEnum):
    """The answer, with the rule that gave it."""

    PERMIT = "permit"
    DENY_ANONYMOUS = "deny-anonymous"
    DENY_ROLE = "deny-role"
    DENY_NO_ORGANIZATION = "deny-no-organization"
    DENY_SERVICE = "deny-service"
    DENY_SCOPE = "deny-scope"


class Call(NamedTuple):
    """A decided call."""

    decision: CallDecision

    @property
    def is_permitted(self) -> bool:
        """Whether the call may go on."""
        return self.decision is CallDecision.PERMIT


def is_fresh(principal: Principal, route: Route, now: datetime) -> bool:
    """Say whether a person proved a second factor as lately as a route asks (RFC 9470); pure.

    A token that no sign-in gave is of nobody who could have.
    """
    return route.fresh_seconds is None or has_fresh_factor(principal, route.fresh_seconds, now)


def has_fresh_factor(principal: Principal, seconds: int, now: datetime) -> bool:
    """Say whether a person proved a second factor within so many seconds; pure."""
    sign_in = principal.sign_in
    if sign_in is None or sign_in.acr is not Assurance.AAL2:
        return False
    return now - sign_in.auth_time <= timedelta(seconds=seconds)


def may_call(principal: Principal | None, route: Route) -> Call:
    """Decide one call; pure, total, and closed: what no rule permits is denied."""
    return Call(_decide(principal, route))


def _decide(principal: Principal | None, route: Route) -> CallDecision:
    if route.public:
        return CallDecision.PERMIT
    if principal is None:
        return CallDecision.DENY_ANONYMOUS
    if principal.organization_id is None and Role.PLATFORM_OPERATOR not in principal.roles:
        return CallDecision.DENY_NO_ORGANIZATION
    return _decide_for_service(principal, route) if route.services else _decide_for_person(principal, route)


def _decide_for_person(principal: Principal, route: Route) -> CallDecision:
    if principal.acting_service is not None or not principal.roles & route.roles:
        return CallDecision.DENY_ROLE
    if principal.delegation is not None and principal.delegation.scopes.isdisjoint(route.scopes_taken):
        return CallDecision.DENY_SCOPE
    return CallDecision.PERMIT


def _decide_for_service(principal: Principal, route: Route) -> CallDecision:
    if principal.acting_service not in route.services:
        return CallDecision.DENY_SERVICE
    return CallDecision.PERMIT if principal.roles & route.served_roles else CallDecision.DENY_ROLE
