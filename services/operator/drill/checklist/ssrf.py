"""Check 87: addresses that a stranger names lead nowhere beside us."""

import base64
import socket
from typing import Final

from services.contracts.identity import Role
from services.operator.drill.checklist.clinic import new_clinic
from services.operator.drill.checklist.probes.applications import SERVICE
from services.operator.drill.checklist.probes.listening import counting_listener
from services.operator.drill.checklist.probes.signing import Key
from services.operator.drill.checklist.verdicts import check, require, same
from services.operator.drill.checklist.world import World

_ADDRESSES: Final = (
    "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "100.64.0.1", "198.18.0.1", "0.0.0.0",  # noqa: S104
)  # fmt: skip
_INSIDE: Final = (
    *_ADDRESSES, "2130706433", "0177.0.0.1", "0x7f.1", "localhost", "10.0.0.1", "192.168.0.1", "[fd00::1]",
    "[64:ff9b::7f00:1]",
)  # fmt: skip
_SCHEMES: Final = ("file:///etc/passwd", "gopher://example.org/", "ftp://example.org/x.ics", "http://example.org/x.ics",
                   "https://user:pw@example.org/x.ics", "data:text/calendar,x", "//example.org/x.ics")  # fmt: skip
_SECRET: Final = "whsec_" + base64.b64encode(bytes(32)).decode()


def _shut_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@check(87, "calendars, key sets and webhooks are fetched from the open internet only, and no answer tells of a port")
async def check_87(world: World) -> str:
    """Name the machine itself in every spelling, behind which a listener counts, and compare what is told."""
    clinic = await new_clinic(world, await world.home())
    preview = f"/v1/patients/{clinic.patient_id}/commitment_sources:preview_subscription"
    administrator = world.as_role(Role.ORGANIZATION_ADMIN, organization=clinic.organization_id)
    async with counting_listener() as (port, connections):
        shut = _shut_port()
        for scheme in ("https", "webcal"):
            for host in _INSIDE:
                told = [
                    await clinic.director.post(preview, {"url": f"{scheme}://{host}:{one}/x.ics"})
                    for one in (port, shut)
                ]
                require(all(one.status in {400, 409, 422, 502} for one in told), f"{host}: {told[0].status}")
                same(told[0].without_instance, told[1].without_instance, f"an open and a shut port of {host}")
        for url in _SCHEMES:
            same((await clinic.director.post(preview, {"url": url})).status, 422, f"a calendar at {url}")
            registered = await world.register(key=Key(), **{**SERVICE, "jwks": None, "jwks_uri": url})
            same(registered.status, 422, f"keys at {url}")
        for host in _ADDRESSES:
            hook = {"url": f"https://{host}:{port}/hook", "secret": _SECRET}
            same((await administrator.put("/v1/notice_provider", hook)).status, 422, f"a webhook at {host}")
        same(connections(), 0, "connections to our own machine")
    return "a redirect inwards and a name that changes its address need a server on the internet: tests see them"
