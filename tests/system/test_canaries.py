"""What patients say is planted through the gateway, and can be read in no table, file or error."""

from services.operator.drill.canaries.command import during, judged, search_all
from services.operator.drill.canaries.planting import Planter
from services.operator.drill.canaries.searching import search_files
from services.operator.drill.canaries.sending import Sender
from services.operator.drill.canaries.words import Canaries
from services.operator.stack import Addresses
from services.operator.state import StateFolder
from services.operator.supervisor.control import ask

# No draw is released before its day, and this stack's clock stands before it.
BEFORE_THE_DRAW = {"records.drug_test_steps.details"}


def test_a_stack_is_called_by_its_own_clock_however_long_ago_it_was_started(stack: Addresses) -> None:
    status = ask(StateFolder(stack.secrets.parent), {"command": "status"})

    assert stack.ahead.total_seconds() == status["clock_offset_seconds"]


async def test_what_a_patient_says_can_be_read_nowhere(stack: Addresses) -> None:
    state, canaries = StateFolder(stack.secrets.parent), Canaries()
    sender = Sender(canaries)

    await during(sender, stack, Planter(sender, canaries).before_the_draw)
    report = judged(
        canaries, await search_all(state, canaries), sender.echoed | search_files(state.root, canaries.words)
    )

    assert (report["found"], report["where"]) == (0, [])
    assert set(report["unplanted"]) == BEFORE_THE_DRAW
    assert report["control_found"] == ["scheduler.sites"]
    assert report["planted"] > report["columns"] > 20
    assert sender.refusals > 200
    assert sender.measures > 100
