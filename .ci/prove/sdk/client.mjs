// The steps of a session by the TypeScript SDK, of either major version. Prints a line of JSON for each.
// Usage: client.mjs PACKAGES URL http|sse 1|2 MODE, the key in the variable KEY
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [packages, url, transport, major, mode] = process.argv.slice(2);
const require = createRequire(`${packages}/x.cjs`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const repo = { method: "get", repo: "observatory/telescope" };
const say = (step, ok, figure) => console.log(JSON.stringify({ step, ok: Boolean(ok), figure: String(figure) }));

const parts =
  major === "2"
    ? await load("@modelcontextprotocol/client")
    : Object.assign(
        {},
        ...(await Promise.all(
          ["index", "streamableHttp", "sse"].map((it) => load(`@modelcontextprotocol/sdk/client/${it}.js`)),
        )),
      );

async function connect() {
  const headers = { Authorization: `Bearer ${process.env.KEY}` };
  const Transport = transport === "http" ? parts.StreamableHTTPClientTransport : parts.SSEClientTransport;
  const client = new parts.Client({ name: "proof", version: "1" }, major === "2" ? { versionNegotiation: { mode } } : {});
  await client.connect(new Transport(new URL(url), { requestInit: { headers } }));
  return client;
}

const call = (client, name, args, options) =>
  major === "2"
    ? client.callTool({ name, arguments: args }, options)
    : client.callTool({ name, arguments: args }, undefined, options);

async function main() {
  const client = await connect();
  const { tools } = await client.listTools();
  const revision = client.getNegotiatedProtocolVersion?.() ?? client.transport?.protocolVersion ?? client.transport?._protocolVersion ?? "2024-11-05";
  say("list", tools.length > 5, `${tools.length} tools, ${revision}`);
  let answer = await call(client, "repo_read", repo);
  say("call", answer.content[0].text.includes("observatory/telescope"), "the answer is the forge's");
  answer = await call(client, "repo_read", { method: "get", repo: "no-such/no-such" });
  say("refusal", answer.isError, "a result with isError");
  try {
    await call(client, "no_such_tool", {});
    say("error", false, "no error for an unknown tool");
  } catch (error) {
    say("error", error.code === -32602, `${error.constructor.name} ${error.code}`);
  }
  const giving = new AbortController();
  setTimeout(() => giving.abort(), 700);
  try {
    await call(client, "repo_read", { method: "get", repo: "slow/slow" }, { signal: giving.signal });
    say("cancel", false, "it ended");
  } catch {
    answer = await call(client, "server_read", { method: "version" });
    say("cancel", answer.content, "given up; the next call is answered");
  }
  console.log(JSON.stringify({ step: "restart" }));
  await once(process.stdin, "data");
  // The same client goes on. An EventSource opens its stream again by itself, some seconds later.
  for (const end = Date.now() + 20_000; ; await sleep(200)) {
    try {
      answer = await call(client, "repo_read", repo);
      break;
    } catch (error) {
      if (transport === "http" || Date.now() > end) throw error;
    }
  }
  say("reconnect", answer.content, "the same session goes on after a restart");
  await client.close().catch(() => {});
}

await main().catch((error) => say("whole", false, `${error.constructor.name}: ${error.message}`));
process.exit(0);
