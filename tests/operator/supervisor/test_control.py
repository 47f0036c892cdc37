from asyncio import to_thread
from pathlib import Path
from typing import Any

import pytest

from services.operator.errors import OperatorError
from services.operator.state import StateFolder
from services.operator.supervisor.control import (
    ControlRefusedError,
    NotRunningError,
    ask,
    serve_control,
)


async def test_a_state_folder_with_a_very_long_path_can_be_asked(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / ("long" * 30))
    state.make()

    async def answer(request: dict[str, str]) -> dict[str, Any]:
        if request["command"] == "refuse":
            raise OperatorError("not today")
        return {"heard": request["command"]}

    async with await serve_control(state.run, answer):
        assert await to_thread(ask, state, {"command": "hello"}) == {"heard": "hello"}
        with pytest.raises(ControlRefusedError, match="not today"):
            await to_thread(ask, state, {"command": "refuse"})


def test_a_state_folder_where_nothing_runs_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="eventide up"):
        ask(StateFolder(tmp_path), {"command": "status"})
