"""The audit trail of a stack that runs, seen from outside."""

import asyncio
import json
from datetime import date
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.gateway.organizations import AccountRequest, OrganizationRequest
from services.contracts.identifiers import SiteId
from services.contracts.identity import Role
from services.contracts.records.patients import PatientRequest
from services.operator.__main__ import main
from services.operator.stack import Addresses
from services.operator.token_command import mint

pytestmark = pytest.mark.system


async def test_the_trail_of_a_running_clinic_verifies_and_can_be_handed_out(
    operator: ApiClient, stack: Addresses, http: HttpClient, capsys: pytest.CaptureFixture[str]
) -> None:
    organization = await operator.create_organization(OrganizationRequest(name="Audited"))
    roles = frozenset({Role.PROGRAMME_DIRECTOR})
    password = SecretStr("correct horse battery staple")
    account = AccountRequest(email=f"{uuid4().hex}@example.org", password=password, display_name="Ada", roles=roles)
    await operator.create_account(organization.id, account)
    token = mint(stack.secrets, roles, organization=organization.id, offset=stack.ahead)
    director = ApiClient(http, stack.gateway, token)
    patient = await director.create_patient(
        PatientRequest(given_name="Test", family_name="Canary", birth_date=date(1990, 1, 1), site_id=SiteId(uuid4()))
    )
    state = ["--state", str(stack.secrets.parent)]

    verified = await asyncio.to_thread(main, ["audit", "verify", *state, "--json"])
    report = json.loads(capsys.readouterr().out)
    exported = await asyncio.to_thread(main, ["audit", "export", *state, "--organization", str(organization.id)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    events = [json.loads(line["event"]) for line in lines if line["service"] == "records"]
    told = [json.loads(line["event"]) for line in lines if line["service"] == "gateway"]

    assert (verified, exported, report["faults"]) == (0, 0, [])
    assert report["events"] >= 2
    assert [event["kind"] for event in told] == ["account_added"]
    assert [(event["operation"], event["subjects"]) for event in events] == [("create_patient", [str(patient.id)])]
    assert "Canary" not in str(events)
