curl https://api.anthropic.com/v1/messages \
  -H "x-api-key: $ANTHROPIC_API_KEY" -H 'anthropic-version: 2023-06-01' \
  -H 'anthropic-beta: mcp-client-2025-11-20' -H 'content-type: application/json' \
  -d @- <<END
{
  "model": "$MODEL",
  "max_tokens": 1024,
  "messages": [{"role": "user", "content": "Which issues are open?"}],
  "mcp_servers": [{"type": "url", "name": "aegis", "url": "@MCP@", "authorization_token": "$AEGIS_KEY"}],
  "tools": [{"type": "mcp_toolset", "mcp_server_name": "aegis"}]
}
END
