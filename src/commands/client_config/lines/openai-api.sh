curl https://api.openai.com/v1/responses \
  -H "Authorization: Bearer $OPENAI_API_KEY" -H 'Content-Type: application/json' \
  -d @- <<END
{
  "model": "$MODEL",
  "input": "Which issues are open?",
  "tools": [{"type": "mcp", "server_label": "aegis", "server_url": "@MCP@", "authorization": "$AEGIS_KEY", "require_approval": "always"}]
}
END
