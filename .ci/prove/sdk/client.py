"""The steps of a session by the Python SDK, of either major version. Prints a line of JSON for each.

Usage: client.py URL http|sse MODE, the key in the variable KEY
"""
import asyncio, contextlib, json, os, sys

from mcp import ClientSession
from mcp.client.sse import sse_client

url, transport, mode = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {os.environ['KEY']}"}
REPO = {"method": "get", "repo": "observatory/telescope"}


def say(step, ok, figure):
    print(json.dumps({"step": step, "ok": bool(ok), "figure": str(figure)}), flush=True)


@contextlib.asynccontextmanager
async def session_of_one():
    """Major version 1, which knows no revision newer than 2025-11-25."""
    from mcp.client.streamable_http import streamablehttp_client
    opened = streamablehttp_client(url, headers=HEADERS) if transport == "http" else sse_client(url, headers=HEADERS)
    async with opened as (read, write, *_), ClientSession(read, write) as session:
        started = await session.initialize()
        yield session, started.protocolVersion


@contextlib.asynccontextmanager
async def session_of_two():
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    async with httpx2.AsyncClient(headers=HEADERS, timeout=30) as http:
        opened = streamable_http_client(url, http_client=http) if transport == "http" else sse_client(url, headers=HEADERS)
        async with Client(opened, mode=mode) as client:
            yield client, client.protocol_version


try:
    import mcp.client.client
    connect = session_of_two
except ImportError:
    connect = session_of_one


async def steps(session, revision):
    tools = await session.list_tools()
    say("list", len(tools.tools) > 5, f"{len(tools.tools)} tools, {revision}")
    answer = await session.call_tool("repo_read", REPO)
    say("call", "observatory/telescope" in answer.content[0].text, "the answer is the forge's")
    answer = await session.call_tool("repo_read", {"method": "get", "repo": "no-such/no-such"})
    is_error = getattr(answer, "is_error", None) or getattr(answer, "isError", None)
    say("refusal", is_error, "a result with isError")
    try:
        answer = await session.call_tool("no_such_tool", {})
        say("error", False, "no error for an unknown tool")
    except Exception as error:
        code = getattr(getattr(error, "error", error), "code", None)
        say("error", code == -32602, f"{type(error).__name__} {code}")
    try:
        await asyncio.wait_for(session.call_tool("repo_read", {"method": "get", "repo": "slow/slow"}), 0.7)
        say("cancel", False, "it ended")
    except (TimeoutError, asyncio.TimeoutError):
        again = await session.call_tool("server_read", {"method": "version"})
        say("cancel", again.content, "given up; the next call is answered")


async def restart():
    print(json.dumps({"step": "restart"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main():
    async with connect() as (session, revision):
        await steps(session, revision)
        await restart()
        if transport == "http":
            answer = await session.call_tool("repo_read", REPO)
            return say("reconnect", answer.content, "the same session goes on after a restart")
    async with connect() as (session, _):
        answer = await session.call_tool("repo_read", REPO)
        say("reconnect", answer.content, "a new stream after a restart")


try:
    asyncio.run(asyncio.wait_for(main(), 60))
except BaseException as error:
    inner = error
    while getattr(inner, "exceptions", None):
        inner = inner.exceptions[0]
    say("whole", False, f"{type(inner).__name__}: {inner}")
