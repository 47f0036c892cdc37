"""`eventide seed`: a synthetic clinic with its patients, calendars and plans, in the stack that runs."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from services.chassis.clock import Clock
from services.chassis.errors import ServiceError
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.clients.errors import RefusedError
from services.contracts.identity import Role
from services.operator import stack
from services.operator.demo import story
from services.operator.demo.calendars import next_monday, people
from services.operator.errors import OperatorError
from services.operator.lifecycle import state_of
from services.operator.state import StateFolder
from services.operator.token_command import mint


class SeedRefusedError(OperatorError):
    """The API refused what the seed wanted to enter."""


def run(arguments: argparse.Namespace) -> int:
    """Seed the running stack and say how to sign in to what was made.

    Raises:
        NotRunningError: There is no stack to seed.
        SeedRefusedError: The API refused a step.
    """
    state = StateFolder(state_of(arguments))
    status = stack.status(state.root)
    offset = timedelta(seconds=status["clock_offset_seconds"])
    token = mint(state.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=offset)
    report = asyncio.run(_seed(arguments, status["gateway"], token, Clock(offset).now()))
    print(json.dumps(report, default=str))
    return 0


async def _seed(arguments: argparse.Namespace, gateway: str, token: str, now: datetime) -> dict[str, Any]:
    week = next_monday(now.date())
    http = HttpClient(timeout_seconds=60)
    try:
        director, login = await story.found_organization(ApiClient(http, gateway, token))
        made = await story.build_clinic(director, arguments.patients)
        crowd = people(arguments.patients, week, arguments.calendars, seed=arguments.seed)
        admissions = await story.admit(director, made, crowd, week)
    except (RefusedError, ServiceError) as refusal:
        raise SeedRefusedError(f"Seeding stopped: {refusal}") from None
    finally:
        await http.close()
    for sentence, count in admissions.refused.items():
        print(f"eventide: {count} calendar(s) refused, and their people left out: {sentence}", file=sys.stderr)
    return {
        "gateway": gateway,
        "site": made.site_id,
        "week": week,
        "patients": len(admissions.patients),
        "calendars_refused": sum(admissions.refused.values()),
        "login": asdict(login),
    }
