"""A way to a store that fails: a proxy that hinders a share of all HTTP requests.

`python faulty_store.py --port P --upstream http://... --rate 0.1 --seed 0`; GET /faults tells how
many requests came and how many of them met which fault, and GET /operations how many of each of the
store's operations they asked for.
"""

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
from aiohttp import web

ANSWERS = {"too many": 429, "internal": 500, "unavailable": 503}
"""Faults that are an answer; the store never hears of the request."""
KINDS = (*ANSWERS, "reset", "stall", "answer lost", "answer cut")
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


def headers_to_pass(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


def operation(request: web.Request) -> str:
    """What a request asks of Google's JSON API, as its price list tells operations apart."""
    if request.method == "DELETE" or "/batch" in request.path:
        return "delete"
    if request.method == "POST":
        return "insert"
    if request.method == "PUT":
        return "piece of an upload"
    if request.path.endswith("/o"):
        return "list"
    return "read" if "/download/" in request.path or "alt" in request.query else "metadata"


def hang_up(request: web.Request) -> None:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


class FaultyStore:
    """Passes requests on, but for those that chance hinders."""

    def __init__(self, upstream: str, rate: float, seed: int, stall_seconds: float) -> None:
        self.upstream, self.rate, self.stall_seconds = upstream, rate, stall_seconds
        self.chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/faults":
            return web.json_response(dict(self.counts))
        if request.path == "/operations":
            return web.json_response(dict(self.operations))
        self.operations[operation(request)] += 1
        self.counts["requests"] += 1
        if self.chance.random() >= self.rate:
            return await self.passed(request)
        kind = self.chance.choice(KINDS)
        self.counts[kind] += 1
        if kind in ANSWERS:
            return web.json_response({"error": {"message": kind}}, status=ANSWERS[kind])
        ways: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "reset": self.reset,
            "stall": self.stalled,
            "answer lost": self.lost,
            "answer cut": self.cut,
        }
        return await ways[kind](request)

    async def passed(self, request: web.Request) -> web.Response:
        """The store's own answer, with addresses of the store changed to ours."""
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method,
                f"{self.upstream}{request.raw_path}",
                headers=headers_to_pass(request.headers),
                data=await request.read(),
                allow_redirects=False,
            ) as answer,
        ):
            headers = headers_to_pass(answer.headers)
            if "Location" in headers:
                ours = f"http://{request.host}"
                headers["Location"] = headers["Location"].replace(self.upstream, ours)
            return web.Response(body=await answer.read(), status=answer.status, headers=headers)

    async def reset(self, request: web.Request) -> web.Response:
        hang_up(request)
        return web.Response()

    async def stalled(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.stall_seconds)
        return await self.reset(request)

    async def lost(self, request: web.Request) -> web.Response:
        """The store did as it was asked, and nobody is told."""
        await self.passed(request)
        return await self.reset(request)

    async def cut(self, request: web.Request) -> web.StreamResponse:
        """Half of the answer, and then silence."""
        whole = await self.passed(request)
        body = whole.body if isinstance(whole.body, bytes) else b""
        begun = web.StreamResponse(status=whole.status, headers=whole.headers)
        begun.content_length = len(body)
        await begun.prepare(request)
        await begun.write(body[: len(body) // 2])
        hang_up(request)
        return begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stall-seconds", type=float, default=5.0)
    given = parser.parse_args()
    store = FaultyStore(given.upstream, given.rate, given.seed, given.stall_seconds)
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{anything:.*}", store.handle)
    web.run_app(application, host="127.0.0.1", port=given.port, print=None)


if __name__ == "__main__":
    main()
