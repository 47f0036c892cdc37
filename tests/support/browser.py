"""A real browser, driven over the DevTools protocol: what people's browsers make of our pages, headers and cookies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson

# Longer than any machine takes: what is waited for is a condition, and this is when a test gives up.
PATIENCE = 300.0
_PLAIN = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip


class BrowserError(Exception):
    """The browser could not do what it was told."""


class Tab:
    """One page of the browser. Navigations to `elsewhere` are answered with an empty page, and noted."""

    def __init__(self, socket: Any, elsewhere: str) -> None:
        self._socket = socket
        self._elsewhere = elsewhere
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._serial = 0
        self.gone_to: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._serial += 1
        future = self._waiting[self._serial] = asyncio.get_running_loop().create_future()
        await self._say({"id": self._serial, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE):
            answer: dict[str, Any] = await future
        return answer

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, as if its person had just touched the page."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(orjson.dumps(answer["exceptionDetails"]).decode())
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Return a text or a truth as soon as it is one that holds; the page may change meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(BrowserError):
                    if value := await self.evaluate(expression):
                        return value
                await asyncio.sleep(0.05)

    async def left(self, times: int = 1) -> str:
        """Return where the browser went, as soon as it has gone elsewhere so often."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if len(self.gone_to) >= times:
                    return self.gone_to[times - 1]
                await asyncio.sleep(0.05)

    async def open(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def read(self) -> None:
        """Hear what the browser says, until it is gone."""
        async for message in self._socket:
            told = orjson.loads(message.data)
            waiting = self._waiting.pop(told.get("id", 0), None)
            if waiting is not None and "error" in told:
                waiting.set_exception(BrowserError(told["error"]["message"]))
            elif waiting is not None:
                waiting.set_result(told["result"])
            elif told.get("method") == "Fetch.requestPaused":
                await self._stay(told["params"])

    async def _stay(self, paused: dict[str, Any]) -> None:
        # Not what a page asks for by itself, such as its icon.
        if paused["resourceType"] == "Document":
            self.gone_to.append(paused["request"]["url"])
        self._serial += 1
        answer = {"requestId": paused["requestId"], "responseCode": 200, "body": ""}
        await self._say({"id": self._serial, "method": "Fetch.fulfillRequest", "params": answer})

    async def _say(self, message: dict[str, Any]) -> None:
        # As text: of a binary frame the browser takes no notice.
        await self._socket.send_str(orjson.dumps(message).decode())

    async def prepare(self) -> None:
        await self.call("Page.enable")
        await self.call("Fetch.enable", patterns=[{"urlPattern": self._elsewhere}])


@asynccontextmanager
async def browsing(program: str, folder: Path, *, elsewhere: str) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own and yield its page; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        program, *_PLAIN, f"--user-data-dir={folder}", "about:blank", stderr=asyncio.subprocess.DEVNULL
    )
    try:
        address = await _listening(process, folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as http:
            async with http.put(f"http://{address}/json/new?about:blank") as made:
                url = (await made.json())["webSocketDebuggerUrl"]
            async with http.ws_connect(url, max_msg_size=0) as socket:
                tab = Tab(socket, elsewhere)
                reading = asyncio.create_task(tab.read())
                await tab.prepare()
                yield tab
                reading.cancel()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process, told: Path) -> str:
    """Return where the browser listens: it writes the port down, and a path after it."""
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            if (port := _port_in(told)) is not None:
                return f"127.0.0.1:{port}"
            await asyncio.sleep(0.05)
    raise BrowserError("the browser ended before it listened")


def _port_in(told: Path) -> str | None:
    lines = told.read_text().splitlines() if told.exists() else []
    return lines[0] if len(lines) > 1 else None
