"""Check 88: what is done at the front door is written down, in a chain, without secrets."""

from typing import Any, Final

from services.contracts.identity import Role
from services.operator.audit.command import verify_all
from services.operator.drill.checklist.probes.calling import Caller
from services.operator.drill.checklist.second import databases_of
from services.operator.drill.checklist.verdicts import check, require
from services.operator.drill.checklist.world import World
from services.operator.state import StateFolder

_KINDS: Final = frozenset(
    {
        "signed_in", "sign_in_refused", "consent_given", "consent_withdrawn", "tokens_granted", "tokens_refreshed",
        "tokens_revoked", "tokens_reused", "session_ended", "password_changed", "roles_changed", "account_added",
        "oauth_client_registered", "access_denied",
    }
)  # fmt: skip
_REFUSALS: Final = frozenset({"consent_declined", "oauth_client_refused"})


@check(88, "who did what is in the trail: sign-ins, grants, refusals; its chain verifies, and no log holds a token")
async def check_88(world: World) -> None:
    """Do all of it, read the trail as the auditor does, verify its chain, and search the logs."""
    organization = await world.home("Audited House")
    person = await world.person(organization=organization)
    secrets = await _everything_once(world, person.organization_id)
    auditor = world.as_role(Role.AUDITOR, organization=organization)
    events = await _events(auditor)
    found = {event["kind"] for event in events}
    require(found >= _KINDS, f"not told: {sorted(_KINDS - found)}")
    for event in events:
        require(event["at"] and event["request"], "an event says neither when nor in which request")
    logs = "".join(path.read_text(errors="replace") for path in (world.state / "logs").iterdir())
    for name, secret in secrets.items():
        require(secret not in logs, f"{name} is in a log")
        require(secret not in str(events), f"{name} is in the trail")
    report = await verify_all(StateFolder(world.state), databases_of(world))
    require(not report["faults"], f"the chain does not verify: {report['faults'][:3]}")
    require(report["events"] >= len(events), f"only {report['events']} events were verified")
    require(found >= _REFUSALS, f"refusals that are not told: {sorted(_REFUSALS - found)}")


async def _everything_once(world: World, organization: Any) -> dict[str, str]:
    person = await world.person(organization=organization)
    flow = await world.flow(person)
    application = await world.application(organization=organization)
    caller = world.caller(address="127.0.8.8")
    await caller.post("/v1/login_sessions", {"email": person.email, "password": "wrong horse battery staple"})
    tokens = await flow.tokens(application)
    second = (await flow.refresh(application, tokens["refresh_token"])).json()
    await flow.refresh(application, second["refresh_token"])
    await flow.refresh(application, tokens["refresh_token"])
    again = await flow.tokens(application)
    await flow.browser.caller.form("/oauth/revoke", {"token": again["refresh_token"], **application.proof()})
    await flow.browser.decide(await flow.browser.open(application.request(prompt="consent")), decision="no")
    own = await world.signed_in(person)
    await own.post(f"/v1/organizations/{organization}/accounts/{person.id}:enable")
    await own.post(f"/v1/oauth_consents/{application.id}:revoke")
    session = await world.session(person)
    await world.caller(session["access_token"]).post(f"/v1/login_sessions/{session['id']}:end")
    body = {"current_password": person.password, "new_password": "another horse battery staple"}
    await own.post("/v1/me:change_password", body)
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=organization)
    roles = f"/v1/organizations/{organization}/accounts/{person.id}/roles"
    await administrator.put(roles, {"roles": ["nurse"]})
    for _ in range(12):
        await caller.post("/v1/login_sessions", {"email": person.email, "password": "wrong horse battery staple"})
    await world.caller().form("/oauth/token", {"grant_type": "refresh_token", "client_id": application.id,
                                               "client_secret": "x"})  # fmt: skip
    names = ("access_token", "refresh_token", "id_token")
    return {name: tokens[name] for name in names} | {"password": person.password, "session": session["session_secret"]}


async def _events(auditor: Caller) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        query = f"&page_token={token}" if token else ""
        page = (await auditor.get(f"/v1/security_events?page_size=200{query}")).json()
        items += page["items"]
        token = page["next_page_token"]
    return items
