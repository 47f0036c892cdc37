"""Checks 58 to 66: what a scope, a role and an organization reach, and when it ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.contracts.identity import Role
from services.operator.drill.checklist.clinic import Clinic, new_clinic, new_patient
from services.operator.drill.checklist.probes.applications import SERVICE
from services.operator.drill.checklist.probes.browsing import scopes_in
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.checklist.probes.factors import Authenticator
from services.operator.drill.checklist.probes.signing import Key, decoded
from services.operator.drill.checklist.verdicts import CheckFailedError, NotApplicableError, check, require, same
from services.operator.drill.checklist.world import Moment, World, made_of
from services.policy.route import Route
from services.policy.routes import ROUTES

_ADMINISTRATION: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR, Role.PROGRAMME_DIRECTOR})
_GRANTED: Final = {
    "system/Patient.rs": "system/Patient.rs", "system/Patient.read": "system/Patient.read",
    "system/Patient.s": "system/Patient.s", "system/Patient.cruds": "system/Patient.rs",
    "system/Observation.rs?category=http://example.org/c|laboratory":
        "system/Observation.rs?category=http://example.org/c|laboratory",
}  # fmt: skip
_NOT_GRANTED: Final = (
    "system/Patient.sr", "system/Patient.dus", "system/patient.rs", "system/Patient.", "system/Patient.rs?x=y",
    "system/Patient.rs?category=", "system/Patient.write", "system/*.cud", "Patient.rs", "system/Patient.rs/x",
    "user/Patient.rs", "patient/Patient.rs", "openid", "eventide/api",
)  # fmt: skip
_LONGEST_OPEN: Final = timedelta(hours=4)
_GLASS: Final = {"nature": "overdose", "reason": "Found unconscious in the waiting room."}
_PLAN: Final = {
    "triggers": ["Fridays"], "warning_signs": [], "coping_skills": [], "supports": [], "in_the_patients_words": True,
}  # fmt: skip
_SECRET_WORDS: Final = ("hash", "password", "secret", "sealed", "totp", "private", "key_id", "digest")
_OWN_MEMBERS: Final = ("organization_id", "id", "created_by", "created_at", "version", "tenant_id", "role")


@check(58, "a scope is read by the grammar, in both versions, and what does not parse is not granted")
async def check_58(world: World) -> None:
    """Ask as a service that may read and search everything."""
    service = await world.application(key=Key(), **SERVICE)

    async def ask(scope: str) -> Answer:
        form = {"grant_type": "client_credentials", "scope": scope, **service.proof()}
        return await world.caller().form("/oauth/token", form)

    for scope, expected in _GRANTED.items():
        same((await ask(scope)).json().get("scope"), expected, f"granted of {scope}")
    for scope in _NOT_GRANTED:
        same((await ask(scope)).error, "invalid_scope", f"the answer to {scope}")
        mixed = (await ask(f"system/Patient.r {scope}")).json()
        same(mixed.get("scope"), "system/Patient.r", f"granted beside {scope}")


@check(59, "without a patient in context no patient's scope is granted")
async def check_59(world: World) -> None:
    """Ask for patients' data, choose none, and choose one that is not to be seen."""
    flow, application = await world.flow(), await world.application()
    asked: dict[str, str | None] = {"scope": "launch/patient openid patient/Patient.rs", "aud": world.fhir}
    consent = await flow.sign_in(await flow.browser.open(application.request(**asked)))
    require("patient/Patient.rs" in scopes_in(consent), f"the scope is not asked about: {consent.status}")
    answer = await flow.browser.decide(consent)
    given = (await flow.redeem(application, answer.redirected["code"])).json()
    same((given["scope"], given.get("patient")), ("openid", None), "granted without a patient")
    again = await flow.browser.open(application.request(**asked))
    foreign = await flow.browser.decide(again, patient_id=str(uuid4()))
    same((foreign.error, "code" in foreign.redirected), ("access_denied", False), "a patient not to be seen")
    launched = application.request(scope="launch openid patient/Patient.rs", aud=world.fhir, launch="x")
    refused = await flow.browser.open(launched)
    refused = await flow.browser.decide(refused) if scopes_in(refused) else refused
    same(refused.error, "invalid_request", "a launch that nobody made")


@check(60, "a scope for one kind of resource reaches no other, by no include, batch or operation")
async def check_60(world: World) -> None:
    """Use a clinical scope at the native API, and see whether there is a FHIR server."""
    service = await world.application(key=Key(), **SERVICE)
    form = {"grant_type": "client_credentials", "scope": "system/Observation.rs", **service.proof()}
    token = (await world.caller().form("/oauth/token", form)).json()["access_token"]
    native = (await world.caller(token).get("/v1/patients")).status
    same(native, 403, "a clinical scope at the native API")
    if (await world.caller(token).get("/fhir/R4/metadata")).status == 404:  # noqa: PLR2004 - nothing is there
        raise NotApplicableError("there is no FHIR server to reach with it; at the native API it opens nothing")
    raise CheckFailedError("the FHIR server is there, and this check does not know it yet")


@check(61, "what is another organization's is answered like what does not exist")
async def check_61(world: World) -> None:
    """Name their ids in paths, queries and bodies, and ids of nobody, and compare byte for byte."""
    theirs = await new_clinic(world, await world.home("Elsewhere"))
    ours = await new_clinic(world, await world.home())
    for path in _paths_of(theirs):
        nobody = path.replace(theirs.patient_id, str(uuid4())).replace(theirs.site_id, str(uuid4()))
        there, nowhere = await ours.director.get(path), await ours.director.get(nobody)
        same((there.status, there.without_instance), (nowhere.status, nowhere.without_instance), path)
        require(there.status < 500, f"{path} is answered with {there.status}")  # noqa: PLR2004 - nothing breaks
    own = f"/v1/patients/{theirs.patient_id}"
    statuses = [(await one.get(own)).status for one in (theirs.director, ours.director)]
    same(statuses, [200, 404], "their patient for them and for us")
    at_site = [await ours.director.post("/v1/patients", new_patient(one)) for one in (theirs.site_id, str(uuid4()))]
    same(at_site[0].status, at_site[1].status, "a patient at their site, and at a site of nobody")
    proved = world.as_role(Role.PROGRAMME_DIRECTOR, organization=ours.organization_id, is_proved=True)
    for suffix in ("emergency_accesses", "notes", "episodes"):
        for body in (_GLASS, {}):
            answers = [
                await proved.post(f"/v1/patients/{one}/{suffix}", body) for one in (theirs.patient_id, str(uuid4()))
            ]
            found = [(one.status, one.without_instance) for one in answers]
            same(found[0], found[1], f"POST {suffix} of their patient, and of nobody")
            require(answers[0].status in {403, 404, 405, 422}, f"POST {suffix} is answered with {answers[0].status}")
    page = (await ours.director.get("/v1/patients?page_size=200")).json()
    require(theirs.patient_id not in str(page), "their patient is in our list")


def _paths_of(clinic: Clinic) -> Iterator[str]:
    by_name = {"patient_id": clinic.patient_id, "site_id": clinic.site_id}
    for route in ROUTES:
        if route.method != "GET" or route.services or route.public:
            continue
        path = route.path
        for name, value in by_name.items():
            path = path.replace(f"{{{name}}}", value)
        if "{" not in path and path != route.path:
            yield path


@check(62, "routes of administration are for their roles alone")
async def check_62(world: World) -> None:
    """Ask each of them as each other role."""
    here = await world.home()
    callers = {role: world.as_role(role, organization=here) for role in Role}
    tried, wrong = 0, {}
    for route in (one for one in ROUTES if _is_of_administration(one)):
        path = route.path.replace("{organization_id}", str(here))
        while "{" in path:
            path = f"{path.partition('{')[0]}{uuid4()}{path.partition('}')[2]}"
        for role in set(Role) - route.roles:
            status = (await callers[role].send(route.method, path, {"content-type": "application/json"})).status
            tried += 1
            if status not in {403, 404}:
                wrong[f"{role} {route.operation_id}"] = status
    require(tried > 100, "too few were tried")  # noqa: PLR2004 - roles times routes
    require(not wrong, f"answered to the wrong role: {wrong}")


def _is_of_administration(route: Route) -> bool:
    is_tried = route.method in {"GET", "DELETE"} or ":" in route.path or route.method in {"POST", "PUT"}
    return bool(route.roles) and route.roles <= _ADMINISTRATION and not route.services and is_tried


@check(63, "nobody writes members that are the server's own")
async def check_63(world: World) -> None:
    """Send them along wherever something is made."""
    here = await world.home()
    clinic = await new_clinic(world, here)
    operator = world.as_role(Role.PLATFORM_OPERATOR)
    account = {"email": "x@example.org", "password": "correct horse battery staple", "display_name": "Ada",
               "roles": ["auditor"]}  # fmt: skip
    for member in _OWN_MEMBERS:
        more: dict[str, Any] = {member: str(UUID(int=1))}
        answers = {
            "a patient": await clinic.director.post("/v1/patients", new_patient(clinic.site_id, **more)),
            "an account": await operator.post(f"/v1/organizations/{here}/accounts", {**account, **more}),
            "an application": await world.register(**more),
            "an organization": await operator.post("/v1/organizations", {"name": "Elsewhere", **more}),
        }
        for what, answer in answers.items():
            same(answer.status, 422, f"{what} with {member}")
            require(str(UUID(int=1)) not in answer.text, f"{what}: the refused value comes back")


@check(64, "answers hold no secrets, and nothing about other people")
async def check_64(world: World) -> None:
    """Read what is told of accounts, sessions, applications and patients."""
    person, other = await world.person(), await world.person()
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=person.organization_id)
    own = await world.signed_in(person)
    await world.application(key=Key())
    answers = [
        await administrator.get(f"/v1/organizations/{person.organization_id}/accounts/{person.id}"),
        await administrator.get("/v1/oauth_clients?page_size=200"),
        await own.get("/v1/me"),
        await own.get("/v1/login_sessions"),
        await own.get("/v1/me/factors"),
        await world.caller().get("/.well-known/jwks.json"),
    ]
    for answer in answers:
        same(answer.status, 200, "an answer")
        names = set(_names_in(answer.json()))
        wrong = {name for name in names for word in _SECRET_WORDS if word in name} - {"totp_confirmed_at"}
        require(not wrong, f"members that look like secrets: {sorted(wrong)}")
    require(other.email not in answers[2].text + answers[3].text, "another person's address is told")


def _names_in(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from _names_in(value)
    elif isinstance(told, list):
        for value in told:
            yield from _names_in(value)


@check(65, "who breaks the glass proves it is them, says why, sees one patient for a while, and is asked about it")
async def check_65(world: World) -> None:
    """Break it with and without what it asks for."""
    here = await world.home()
    clinic = await new_clinic(world, here)
    path = f"/v1/patients/{clinic.patient_id}/emergency_accesses"
    person = await world.person(Role.NURSE)
    session = await world.session(person)
    nurse = world.caller(session["access_token"])
    front = world.as_role(Role.FRONT_DESK, organization=here)
    same((await front.post(path, _GLASS)).status, 403, "broken by a role that may not")
    alone = await nurse.post(path, _GLASS)
    same(alone.status, 401, "broken with a password alone")
    require("insufficient_user_authentication" in alone.headers.get("www-authenticate", ""), "no step-up is named")
    codes = (await Authenticator.enrol(nurse, person.password, world.clock)).recovery_codes
    stepped = await nurse.post(f"/v1/login_sessions/{session['id']}:step_up", {"recovery_code": codes[0]})
    same(stepped.status, 200, "the step-up")
    proved = world.caller(stepped.json()["access_token"])
    for body in ({}, {**_GLASS, "nature": ""}, {**_GLASS, "nature": "curiosity"}, {"nature": "overdose"}):
        same((await proved.post(path, body)).status, 422, "broken without a reason")
    await _break_the_glass(proved, clinic, await new_clinic(world, here))
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=here)
    events = await administrator.get("/v1/security_events?kind=emergency_alerted&page_size=200")
    require(person.id in {one["by"] for one in events.json()["items"]}, "those who lead were not told")
    await world.until(Moment.A_FAMILY_IS_OLD)
    later = await world.signed_in(person, recovery_code=codes[1])
    same((await later.get(f"/v1/patients/{clinic.patient_id}")).status, 404, "the record when that is over")


async def _break_the_glass(nurse: Caller, clinic: Clinic, other: Clinic) -> None:
    chart = f"/v1/patients/{clinic.patient_id}"
    same((await nurse.get(chart)).status, 404, "the record before")
    opened = made_of(await nurse.post(f"{chart}/emergency_accesses", _GLASS))
    opens, closes = (datetime.fromisoformat(opened[name]) for name in ("opened_at", "until_at"))
    require(timedelta() < closes - opens <= _LONGEST_OPEN, f"it stays open for {closes - opens}")
    same((await nurse.get(chart)).status, 200, "the record afterwards")
    same((await nurse.get(f"/v1/patients/{other.patient_id}")).status, 404, "another patient's record")
    written = await nurse.put(f"{chart}/relapse_prevention_plan", _PLAN)
    same((written.status, written.json().get("code")), (403, "opened-to-be-read"), "what is written in the record")
    due = (await clinic.director.get("/v1/emergency_accesses?page_size=200")).json()["items"]
    require(opened["id"] in {one["id"] for one in due}, "nobody is asked to look at it")
    reason = await clinic.director.get(f"/v1/emergency_accesses/{opened['id']}/reason")
    same(reason.json()["reason"], _GLASS["reason"], "the reason, to who leads")
    same((await nurse.get(f"/v1/emergency_accesses/{opened['id']}/reason")).status, 403, "the reason, to others")
    review = f"/v1/emergency_accesses/{opened['id']}:review"
    same((await nurse.post(review)).status, 403, "a review by who broke it")
    same((await clinic.director.post(review)).status, 200, "a review by who leads")


@check(66, "what a person takes back from an application is over at once, also where it was remembered")
async def check_66(world: World) -> None:
    """Let the gateway remember the token, and take it back."""
    person = await world.person()
    flow, application = await world.flow(person), await world.application()
    tokens = await flow.tokens(application)
    for _ in range(5):
        same(await flow.me(tokens["access_token"]), 200, "the token before")
    own = await world.signed_in(person)
    same((await own.post(f"/v1/oauth_consents/{application.id}:revoke")).status, 204, "taking it back")
    same(await flow.me(tokens["access_token"]), 401, "the token afterwards")
    same((await flow.refresh(application, tokens["refresh_token"])).error, "invalid_grant", "the refresh token")
    same(decoded(tokens["access_token"])["client_id"], application.id, "whose token it was")
