#!/usr/bin/env python3
"""Whole-process figures of the release binary: CPU a call, memory, start.

Needs nginx, wrk and a release build (`make build`, `cargo build --release --examples`).
Answers come from tests/recorded, served by nginx; ratios are taken within one run.
Usage: benches/load.py [SECONDS] (of load a figure, default 5)
"""
import base64, json, os, pathlib, re, secrets, shutil, signal, socket, statistics, subprocess, sys, tempfile, time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
TICK = os.sysconf("SC_CLK_TCK")
KEY = secrets.token_hex(32)


def built(name):
    found = sorted(ROOT.glob(f"target/*/release/{name}"), key=lambda it: it.stat().st_mtime)
    return found[-1] if found else sys.exit(f"{name} is not built; run `make build` and `cargo build --release --examples`")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu(pid):
    """Seconds of processor time, user and system, of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid, what):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024


def wait_for(port):
    for _ in range(2000):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.005)
    sys.exit(f"nothing listens on port {port}")


def nginx(folder):
    """A forge that answers what was recorded, whatever the query."""
    port, places, seen = free_port(), [], {}
    for file in sorted((ROOT / "tests/recorded").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            it = json.loads(line)
            if it["as"] == "aegis-bot" and it["status"] == 200 and it.get("answer") is not None:
                path, size = urllib.request.unquote(it["path"]), len(json.dumps(it["answer"]))
                if size > seen.get(path, (0,))[0]:
                    seen[path] = (size, it)
    for number, (path, (_, it)) in enumerate(seen.items()):
        answer, target = it["answer"], folder / f"{number}"
        if isinstance(answer, dict) and set(answer) == {"base64", "bytes"}:
            target.write_bytes(base64.b64decode(answer["base64"]))
        else:
            target.write_text(answer if isinstance(answer, str) else json.dumps(answer))
        kind = it["headers"].get("Content-Type", "application/json").split(";")[0]
        count = it["headers"].get("X-Total-Count")
        total = f"add_header X-Total-Count {count};" if count else ""
        places.append(f'location = "/api/v1{path}" {{ types {{}} default_type {kind}; {total} alias {target}; }}')
    conf = folder / "nginx.conf"
    conf.write_text(f"""worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000; open_file_cache max=1000;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; {" ".join(places)} }} }}""")
    # Read by nginx's own user where it drops its rights.
    os.chmod(folder, 0o755)
    return port, subprocess.Popen(["nginx", "-c", conf, "-p", folder], stderr=subprocess.DEVNULL)


def serve(folder, forge, **more):
    port = free_port()
    settings = {
        "PATH": os.environ["PATH"], "MCP_PORT": str(port), "MCP_API_KEYS": KEY, "GITEA_URL": f"http://127.0.0.1:{forge}",
        "GITEA_TOKEN": secrets.token_hex(20), "AUDIT_LOG_PATH": str(folder / "audit.log"), "RUST_LOG": "error",
        "MAX_CALLS_IN_FLIGHT_PER_KEY": "1000", "MAX_CONNECTIONS_PER_ADDRESS": "10000", **more,
    }
    command = [built("aegis"), "serve", "--env-file", "/dev/null"]
    return port, subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=open(folder / "stderr", "ab"), cwd=folder)


def wrk(port, folder, path="/mcp", body=None, headers=(), seconds=None, connections=16, lua=None):
    """Requests, and latency by wrk's own account."""
    script = folder / "wrk.lua"
    lines = [f'wrk.headers["Content-Type"] = "application/json"', f'wrk.headers["Accept"] = "application/json, text/event-stream"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers]
    if body is not None:
        lines += ['wrk.method = "POST"', f"wrk.body = [==[{json.dumps(body)}]==]"]
    script.write_text("\n".join(lines) + "\n" + (lua or ""))
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds or SECONDS}s", "--latency", "-s", script, f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", out)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}
    number, name = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return requests, int(bad[1]) if bad else 0, float(number) * unit[name]


def call(tool, **arguments):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def per_call(pid, port, folder, body, headers):
    before = cpu(pid)
    requests, bad, p99 = wrk(port, folder, body=body, headers=headers)
    if bad:
        sys.exit(f"{bad} of {requests} answers were not 2xx")
    return (cpu(pid) - before) / requests * 1e6, requests, p99


def start_time(folder, forge):
    times = []
    for _ in range(20):
        port = free_port()
        began = time.perf_counter()
        _, process = serve(folder, forge, MCP_PORT=str(port))
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as s:
                    s.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    if s.recv(100):
                        break
            except OSError:
                # Whoever asks without a pause takes the processor from what starts.
                time.sleep(0.0002)
        times.append((time.perf_counter() - began) * 1e3)
        process.send_signal(signal.SIGTERM)
        process.wait()
    return statistics.median(times)


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    running = []
    try:
        forge, process = nginx(folder)
        running.append(process)
        wait_for(forge)
        print(f"start to first answer: {start_time(folder, forge):.1f} ms (median of 20)")

        port, aegis = serve(folder, forge)
        running.append(aegis)
        wait_for(port)
        key = [("Authorization", f"Bearer {KEY}")]
        time.sleep(1)
        print(f"idle: {memory(aegis.pid, 'VmRSS'):.1f} MiB")

        tools = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", json.dumps(tools).encode(), {
            "Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Accept": "application/json"})
        size = len(urllib.request.urlopen(request).read())
        plain = free_port()
        fixed = subprocess.Popen([built("examples/fixed_body"), str(plain), str(size)])
        running.append(fixed)
        wait_for(plain)
        ours, theirs = [], []
        for _ in range(5):
            theirs.append(per_call(fixed.pid, plain, folder, tools, key)[0])
            ours.append(per_call(aegis.pid, port, folder, tools, key)[0])
        extra = statistics.median(o - t for o, t in zip(ours, theirs))
        print(f"tools/list ({size} bytes): {statistics.median(ours):.1f} us CPU a call, fixed body {statistics.median(theirs):.1f}, more by {extra:.1f}")

        at = {"owner": "observatory", "repo": "telescope"}
        for name, path, body in [
            ("issue_read get", "issues/1", call("issue_read", method="get", index=1, **at)),
            ("issue_read list of 50", "issues", call("issue_read", method="list", limit=50, **at)),
            ("file_read get docs/guide.md", "contents/docs/guide.md", call("file_read", method="get", path="docs/guide.md", **at)),
        ]:
            bare = free_port()
            asked = f"http://127.0.0.1:{forge}/api/v1/repos/observatory/telescope/{path}"
            relay = subprocess.Popen([built("examples/relay"), str(bare), asked])
            running.append(relay)
            wait_for(bare)
            ours, theirs = [], []
            for _ in range(3):
                theirs.append(per_call(relay.pid, bare, folder, body, key))
                ours.append(per_call(aegis.pid, port, folder, body, key))
            (us, requests, p99), (least, _, least_p99) = map(statistics.median_low, (ours, theirs))
            print(f"{name}: {us:.0f} us CPU a call, {requests / SECONDS:.0f} calls/s, p99 {p99:.2f} ms; "
                  f"actix and awc alone {least:.0f} us, {least_p99:.2f} ms: {us / least:.1f} and {p99 / least_p99:.1f} times")
        print(f"peak under that load: {memory(aegis.pid, 'VmHWM'):.1f} MiB")

        port, aegis = serve(folder, forge, TRUSTED_PROXIES="127.0.0.1", AUDIT_LOG_PATH=str(folder / "flood.log"))
        running.append(aegis)
        wait_for(port)
        client = key + [("X-Forwarded-For", "198.51.100.7")]
        _, bad, before = wrk(port, folder, body=tools, headers=client)
        start = memory(aegis.pid, "VmRSS")
        addresses = """
local n = 0
request = function()
  n = n + 1
  local address = string.format("%d.%d.%d.%d", 11 + math.floor(n / 65536) % 100, math.floor(n / 256) % 256, n % 256, 1)
  return wrk.format("GET", "/mcp/tools", {["Authorization"] = "Bearer " .. string.rep("0", 56) .. string.format("%08x", n), ["X-Forwarded-For"] = address})
end"""
        sent = 0
        while sent < 1_000_000:
            sent += wrk(port, folder, lua=addresses, seconds=30)[0]
        grown = memory(aegis.pid, "VmHWM") - start
        requests, bad_after, after = wrk(port, folder, body=tools, headers=client)
        print(f"{sent} wrong keys from distinct addresses: {grown:.1f} MiB more; valid requests refused: {bad + bad_after} of {requests}; "
              f"p99 of a valid key {before:.2f} ms before, {after:.2f} ms with the table full")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
