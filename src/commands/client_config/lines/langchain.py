import asyncio
import os

from langchain_mcp_adapters.client import MultiServerMCPClient

client = MultiServerMCPClient({
    "aegis": {
        "transport": "streamable_http",
        "url": "@MCP@",
        "headers": {"Authorization": f"Bearer {os.environ['AEGIS_KEY']}"},
    }
})
tools = asyncio.run(client.get_tools())
