curl -H @- @ROOT@/mcp/tools <<END
Authorization: Bearer $AEGIS_KEY
END
