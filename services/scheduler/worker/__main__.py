"""`python -m services.scheduler.worker`: solve weeks, read calendars, deliver notices and events until SIGTERM."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

import structlog

from services.chassis.telemetry import configure_logging, frames
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.courier import Courier
from services.scheduler.worker.poller import Poller
from services.scheduler.worker.postman import Postman
from services.scheduler.worker.registrar import Registrar
from services.scheduler.worker.solver import compile_ahead
from services.scheduler.worker.worker import Worker


async def _run(settings: SchedulerSettings) -> None:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("there is no running task")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        async with (
            Worker.opened(settings) as worker,
            Poller.opened(settings) as poller,
            Courier.opened(settings) as courier,
            Postman.opened(settings) as postman,
            Registrar.opened(settings) as registrar,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(compile_ahead())
            tasks.create_task(worker.run())
            tasks.create_task(poller.run())
            tasks.create_task(courier.run())
            tasks.create_task(postman.run())
            tasks.create_task(registrar.run())


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def main() -> None:
    """Run a worker; exits with 1 where it could not go on and should be started again."""
    settings = SchedulerSettings.read()
    configure_logging("worker", settings.log_level)
    try:
        asyncio.run(_run(settings))
    except* Exception as group:  # noqa: BLE001 - logged without its message, which may hold a person's data
        for error in _leaves(group):
            structlog.get_logger().error("worker stops", error_type=type(error).__name__, frames=frames(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
