"""Real clients: list, call, refusal, error, cancel, reconnect after a restart."""
import json, os, shutil, subprocess, threading, time, venv

from common import HERE, OUT, Forge, Server, text_of
from node import FOLDER, node

PYTHON_SDKS = ["1.30.0", "2.3.0"]
STEPS = ["list", "call", "refusal", "error", "cancel", "reconnect"]


def run(result):
    with Forge() as forge, Server(forge, GITEA_TIMEOUT=2) as server:
        for version in PYTHON_SDKS:
            python(result, server, version)
        found = node(result, "@modelcontextprotocol/sdk", "@modelcontextprotocol/client", "inspector-0", "inspector-2")
        if found:
            typescript(result, server, found)
            for major in ("0", "2"):
                inspector(result, server, found, major)
        rmcp(result, server)
        cancelled(result, server)
        code, says = server.verify()
        result.row("the audit log of all this", code == 0, says)


def python(result, server, version):
    folder = OUT / f"python-{version}"
    program = folder / "bin/python"
    if not text_of(program, "-c", "import mcp; print('there')").endswith("there\n"):
        venv.create(folder, with_pip=True)
        ran = subprocess.run([program, "-m", "pip", "-q", "install", f"mcp=={version}"])
        if ran.returncode:
            return result.not_run(f"Python SDK {version}", "pip could not install it")
    result.tools[f"mcp ({version[0]})"] = version
    modes = ["legacy", "auto"] if version[0] == "2" else ["legacy"]
    for path, transport, mode in [*(("/mcp", "http", mode) for mode in modes), ("/mcp/sse", "sse", "legacy")]:
        name = f"Python SDK {version}, {transport}" + (f", {mode}" if len(modes) > 1 and transport == "http" else "")
        session(result, server, name, [program, HERE / "sdk/client.py", server.url + path, transport, mode], os.environ)


def typescript(result, server, found):
    for major, package in [("1", "@modelcontextprotocol/sdk"), ("2", "@modelcontextprotocol/client")]:
        modes = ["legacy", "auto"] if major == "2" else ["legacy"]
        for path, transport, mode in [*(("/mcp", "http", mode) for mode in modes), ("/mcp/sse", "sse", "legacy")]:
            name = f"TypeScript {found.version(package)}, {transport}" + (f", {mode}" if len(modes) > 1 and transport == "http" else "")
            session(result, server, name, ["node", HERE / "sdk/client.mjs", FOLDER, server.url + path, transport, major, mode], found.env)


def session(result, server, name, command, env):
    """Runs a client through its steps, and restarts the server where it asks for that."""
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**env, "KEY": server.key})
    # What it complains of is read all the while, so that it never waits for us.
    complaints = []
    threading.Thread(target=lambda: complaints.extend(client.stderr), daemon=True).start()
    watch = threading.Timer(90, client.kill)
    watch.start()
    told = {}
    for line in client.stdout:
        if not line.startswith("{"):
            continue
        step = json.loads(line)
        if step["step"] == "restart":
            settle(server)
            server.restart()
            client.stdin.write("\n")
            client.stdin.flush()
        else:
            told[step["step"]] = step
    client.wait()
    watch.cancel()
    missing = [step for step in STEPS if step not in told]
    failed = [step for step in told.values() if not step["ok"]]
    figure = told.get("list", {}).get("figure", "") + "; " + ", ".join(step for step in STEPS if told.get(step, {}).get("ok"))
    for step in failed:
        figure += f"; FAILED {step['step']}: {step['figure']}"
    if missing:
        figure += f"; never came to: {', '.join(missing)}" + (f" ({complaints[-1].strip()})" if complaints else "")
    result.row(name, not missing and not failed, figure)


def settle(server):
    """Waits for the call that was given up: before 2026-07-28 it runs on, and its client's request with it."""
    for _ in range(80):
        phases = [record["phase"] for record in server.records() if record["event"] == "tool_call"]
        if phases.count("started") == phases.count("finished"):
            return
        time.sleep(0.1)


def inspector(result, server, found, major):
    """Its command line does one thing a run, so each run is a new connection."""
    program = FOLDER / f"node_modules/inspector-{major}" / ("cli/build/cli.js" if major == "0" else "clients/launcher/build/index.js")
    for path, transport in [("/mcp", "http"), ("/mcp/sse", "sse")]:
        def ask(*arguments):
            command = ["node", program, "--cli", server.url + path, "--transport", transport,
                       "--header", f"Authorization: Bearer {server.key}", *arguments]
            ran = subprocess.run(command, capture_output=True, text=True, env=found.env, timeout=60, stdin=subprocess.DEVNULL)
            return ran.stdout + ran.stderr

        call = ["--method", "tools/call", "--tool-arg", "method=get", "--tool-name"]
        listed = ask("--method", "tools/list")
        done = {"list": '"repo_read"' in listed,
                "call": "observatory/telescope" in ask(*call, "repo_read", "--tool-arg", "repo=observatory/telescope"),
                "refusal": "isError" in ask(*call, "repo_read", "--tool-arg", "repo=no-such/no-such"),
                "error": any(it in ask(*call, "no_such_tool") for it in ("-32602", "not found", "no tool of this name"))}
        server.restart()
        done["reconnect"] = '"repo_read"' in ask("--method", "tools/list")
        failed = [step for step, ok in done.items() if not ok]
        figure = ", ".join(step for step, ok in done.items() if ok) + (f"; FAILED {', '.join(failed)}" if failed else "")
        result.row(f"Inspector {found.version(f'inspector-{major}')}, {transport}", not failed, figure)


def rmcp(result, server):
    """A small program of its own, for it brings a second HTTP stack."""
    folder, source = OUT / "rmcp", HERE / "sdk/rmcp"
    shutil.copytree(source, folder, dirs_exist_ok=True)
    env = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target"), "RUSTFLAGS": ""}
    built = subprocess.run(["cargo", "build", "--quiet"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        return result.not_run("rmcp", "its client does not build here: " + (built.stdout.strip().splitlines() or [""])[0])
    lock = (folder / "Cargo.lock").read_text()
    version = lock.split('name = "rmcp"\nversion = "')[1].split('"')[0]
    result.tools["rmcp"] = version
    program = next(folder.glob("target/*/debug/rmcp-client"), folder / "target/debug/rmcp-client")
    for mode in ("legacy", "auto"):
        session(result, server, f"rmcp {version}, http, {mode}", [program, f"{server.url}/mcp", mode], os.environ)


def cancelled(result, server):
    """What the audit log says of the calls that their clients gave up."""
    records = [record for record in server.records() if record["event"] == "tool_call"]
    slow = {(record["request_id"], record["call"]) for record in records if "slow/slow" in json.dumps(record.get("arguments"))}
    ends = [record["outcome"] for record in records
            if record["phase"] == "finished" and (record["request_id"], record["call"]) in slow]
    figure = f"{len(slow)} started; " + ", ".join(f"{ends.count(end)} {end}" for end in sorted(set(ends)))
    result.row("calls given up, in the audit log", len(slow) == len(ends) and "cancelled" in ends, figure)
