"""What was solved before a closure is not published into it."""

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json
from tests.scheduler.proposals.conftest import Propose, Publish, Week

MONDAY = {
    "start": "2026-10-05T07:00:00-04:00",
    "end": "2026-10-05T22:00:00-04:00",
    "policy": "cancel",
    "reason": "weather",
}


async def test_a_proposal_made_before_is_refused_until_the_site_is_open_again(
    *, week: Week, propose: Propose, publish: Publish, clinic: Clinic, scheduler: ClientFactory
) -> None:
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1, 2)], [])
    desk = scheduler(Role.FRONT_DESK)
    closed = (await desk.post(f"/v1/sites/{clinic.site['id']}/closures", json=MONDAY)).json()

    refused = await publish(proposal)
    await desk.post(f"/v1/closures/{closed['id']}:reopen")
    taken = await publish(proposal)

    assert refused.json()["code"] == "site-closed"
    assert taken.status_code == 200


async def test_going_back_to_a_version_with_closed_hours_is_refused(
    *, proposed: Json, publish: Publish, clinic: Clinic, scheduler: ClientFactory
) -> None:
    assert (await publish(proposed, reason="clinical")).status_code == 200
    desk = scheduler(Role.FRONT_DESK)
    tuesday = {**MONDAY, "start": "2026-10-06T07:00:00-04:00", "end": "2026-10-06T22:00:00-04:00"}
    assert (await desk.post(f"/v1/sites/{clinic.site['id']}/closures", json=tuesday)).status_code == 201

    body = {"to_version": 1, "reason": "entered_in_error"}
    path = f"/v1/sites/{clinic.site['id']}/timetables/2026-10-05:revert"
    answer = await desk.post(path, json=body, headers={"if-match": '"2"'})

    assert answer.status_code in {409, 422}
    assert answer.json()["code"] in {"revert-refused", "site-closed"}
