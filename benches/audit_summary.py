#!/usr/bin/env python3
"""Makes an audit log as a server writes it, and measures who sums it up how fast.

    benches/audit_summary.py make LOG [--mib 1024] [--addresses 5000] [--days 30]
    benches/audit_summary.py measure LOG [--aegis PATH] [--rounds 5]

`make` writes the same bytes for the same arguments: a chained log, one record a line. `measure`
runs each tool in turn, round after round, warm, and prints medians of time, CPU and the largest
memory, and how they compare with `wc -l`. It uses what is there of: wc, grep, rg, jq, zcat, DuckDB
(the Python module `duckdb`).
"""
import argparse
import hashlib
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

END = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
OPERATIONS = [
    ("issue_read", "issue.list", "read"), ("issue_read", "issue.get", "read"),
    ("file_read", "file.get", "read"), ("file_read", "file.tree", "read"),
    ("pull_read", "pull.list", "read"), ("search", "search.code", "read"),
    ("issue_write", "issue.create", "write"), ("issue_write", "issue.comment", "write"),
    ("branch_delete", "branch.delete", "destroy"),
]
AGENTS = ["ChatGPT-User/1.0", "Claude-User/1.0", "curl/8.5.0", "python-httpx/0.28.1",
          "Mozilla/5.0 (X11; Linux x86\\u005f64) AppleWebKit/537.36 (KHTML, like Gecko)"]


def make(path, mib, addresses, days):
    random.seed(1)
    keys = [f"{random.getrandbits(32):08x}...{random.getrandbits(16):04x}" for _ in range(12)]
    goal = mib << 20
    # About 410 bytes a record: the times are spread so that the last one is at the end.
    step = timedelta(days=days) / max(goal // 410, 1)
    now, seq, prev, size, request = END - timedelta(days=days), 0, "0" * 64, 0, 0
    with open(path, "wb", buffering=1 << 20) as out:
        def write(event, fields):
            nonlocal seq, prev, size, now
            seq += 1
            now += step
            text = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
            line = f'{{"timestamp": "{text}", "event": "{event}", {fields}, "seq": {seq}, "prev": "{prev}"}}'
            line = line.encode()
            prev = hashlib.sha256(line).hexdigest()
            out.write(line + b"\n")
            size += len(line) + 1

        while size < goal:
            request += 1
            rid = f"0a0b0c0d{request & 0xffffffff:08x}"
            n = int(addresses * random.random() ** 3) if addresses < 100_000 else request % addresses
            ip = f"{10 + (n >> 24)}.{(n >> 16) & 255}.{(n >> 8) & 255}.{n & 255}"
            agent = AGENTS[n % len(AGENTS)]
            chance = random.random()
            if chance < 0.12 or addresses >= 100_000:
                reason = "missing_api_key" if chance < 0.04 else "invalid_api_key"
                category = ', "category": "api_authentication"' if reason == "invalid_api_key" else ""
                offered = f', "key_source": "header", "request_id": "{rid}", "credential_fp": "{request * 7919 % (1 << 64):016x}"' if category else f', "request_id": "{rid}"'
                write("access_denied", f'"reason": "{reason}", "client_ip": "{ip}", "method": "POST", "route": "/mcp"{offered}, "user_agent": "{agent}"{category}')
                if chance < 0.002:
                    write("auth_rate_limit_exceeded", f'"client_ip": "{ip}", "severity": "high", "failures": 5, "window_seconds": 300, "blocked_until": "2026-11-28T12:00:00.000Z", "request_id": "{rid}"')
                    write("auth_rate_limit_summary", f'"client_ip": "{ip}", "blocked_requests": {random.randrange(1, 500)}, "first": "2026-11-28T11:00:00.000Z", "last": "2026-11-28T12:00:00.000Z"')
                continue
            key = keys[n % len(keys)]
            write("api_authentication", f'"status": "success", "client_ip": "{ip}", "user_agent": "{agent}", "key_hint": "{key}", "method": "POST", "route": "/mcp", "key_source": "header", "request_id": "{rid}"')
            if chance < 0.6:
                tool, operation, access = OPERATIONS[int(len(OPERATIONS) * random.random() ** 2)]
                digest = hashlib.sha256(rid.encode()).hexdigest()
                write("tool_call", f'"phase": "started", "tool": "{tool}", "operation": "{operation}", "access": "{access}", "key_hint": "{key}", "client_ip": "{ip}", "arguments_digest": "{digest}", "arguments": {{"method":"list","owner":"observatory","repo":"telescope","per\\u005fpage":30}}, "request_id": "{rid}", "call": 1')
                outcome = "error" if chance < 0.14 else "ok"
                write("tool_call", f'"phase": "finished", "tool": "{tool}", "operation": "{operation}", "access": "{access}", "key_hint": "{key}", "outcome": "{outcome}", "duration_ms": {int(random.lognormvariate(3.5, 1.2))}, "gitea_calls": 1, "gitea_status": 200, "answer_bytes": {random.randrange(200, 24000)}, "request_id": "{rid}", "call": 1')
            if seq % 1000 < 3:
                write("audit_checkpoint", f'"records": 1000, "head": "{prev}"')
    print(f"{path}: {size} bytes, {seq} records", file=sys.stderr)


def run(command):
    """Time, CPU time (with all children) and the largest memory in KiB of a shell command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(["bash", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"failed: {command}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, cpu, usage.ru_maxrss


SQL = """
SET threads = {threads};
CREATE TEMP TABLE r AS SELECT * FROM read_json('{log}', format='newline_delimited', ignore_errors=true,
  columns={{timestamp: 'TIMESTAMP', event: 'VARCHAR', status: 'VARCHAR', reason: 'VARCHAR', client_ip: 'VARCHAR',
  user_agent: 'VARCHAR', key_hint: 'VARCHAR', phase: 'VARCHAR', operation: 'VARCHAR', outcome: 'VARCHAR',
  duration_ms: 'BIGINT', answer_bytes: 'BIGINT', seq: 'BIGINT'}});
"""
QUESTIONS = [
    "SELECT event, status, reason, count(*) FROM r GROUP BY ALL",
    "SELECT key_hint, count(*) FROM r GROUP BY ALL ORDER BY 2 DESC LIMIT 10",
    "SELECT client_ip, count(*) FROM r GROUP BY ALL ORDER BY 2 DESC LIMIT 10",
    "SELECT user_agent, count(*) FROM r GROUP BY ALL ORDER BY 2 DESC LIMIT 10",
    "SELECT operation, outcome, count(*), quantile_cont(duration_ms, [0.5, 0.99]) FROM r WHERE phase = 'finished' GROUP BY ALL",
    "SELECT date_trunc('day', timestamp), count(*) FROM r GROUP BY ALL ORDER BY 1",
]


# The same for jq.
REPORT = """
reduce inputs as $r ({};
  .events[$r.event + "/" + ($r.status // $r.reason // "")] += 1
  | if $r.key_hint then .keys[$r.key_hint] += 1 else . end
  | if $r.client_ip then .addresses[$r.client_ip] += 1 else . end
  | if $r.user_agent then .agents[$r.user_agent] += 1 else . end
  | if $r.phase == "finished" then
      .operations[$r.operation + "/" + $r.outcome] += 1 | .durations[$r.operation][$r.duration_ms | tostring] += 1
    else . end
  | .days[$r.timestamp[0:10]] += 1)
"""


def duckdb(log, threads):
    import duckdb as module
    base = module.connect()
    base.execute(SQL.format(log=log, threads=threads))
    for question in QUESTIONS:
        base.execute(question).fetchall()


def measure(log, aegis, rounds):
    me = f"{sys.executable} {os.path.abspath(__file__)}"
    greps = ['"api_authentication"', '"api_authentication.*success"', '"access_denied.*invalid_api_key"', '"auth_rate_limit_exceeded"']
    tools = {
        "wc -l": f"wc -l {log}",
        "aegis all, 1 thread": f"{aegis} audit-summary all --threads 1 --log {log}",
        "aegis all, 2 threads": f"{aegis} audit-summary all --threads 2 --log {log}",
        "aegis 7 of 30 days, 1 thread": f"{aegis} audit-summary --since 2026-11-21T12:00:00Z --until 2026-11-28T12:00:00Z --threads 1 --log {log}",
        "aegis 7 of 30 days, 2 threads": f"{aegis} audit-summary --since 2026-11-21T12:00:00Z --until 2026-11-28T12:00:00Z --threads 2 --log {log}",
        "aegis verify": f"{aegis} audit-summary verify {log}",
        "four greps": "; ".join(f"grep {pattern} {log} | wc -l" for pattern in greps),
    }
    if shutil.which("rg"):
        words = ["api_authentication", "success", "invalid_api_key", "auth_rate_limit_exceeded"]
        tools["four rg -Fc, 2 threads"] = "; ".join(f"rg -j2 -Fc {word} {log}" for word in words)
    try:
        import duckdb as _
        tools["DuckDB, 1 thread"] = f"{me} duckdb {log} 1"
        tools["DuckDB, 2 threads"] = f"{me} duckdb {log} 2"
    except ImportError:
        pass
    if os.path.exists(f"{log}.gz"):
        tools["zcat | wc -l"] = f"zcat {log}.gz | wc -l"
        tools["aegis gz, 1 thread"] = f"{aegis} audit-summary all --threads 1 --log {log}.gz"
        tools["aegis gz, 2 threads"] = f"{aegis} audit-summary all --threads 2 --log {log}.gz"
    if os.path.isdir(f"{log}.parts"):
        tools["zcat four files | wc -l"] = f"zcat {log}.parts/*.gz | wc -l"
        tools["aegis four gz, 2 threads"] = f"{aegis} audit-summary all --threads 2 --log {log}.parts"
    once = {}
    if shutil.which("jq"):
        # Of a small part: objects as counters take jq more than twice its time for twice the log.
        subprocess.run(["bash", "-c", f"head -c 64M {log} | head -n -1 > {log}.part"], check=True)
        tools["aegis, 64 MiB, 1 thread"] = f"{aegis} audit-summary all --threads 1 --log {log}.part"
        once["jq (once, 64 MiB)"] = f"jq -n '{REPORT}' {log}.part"
        once["jq (once, no counting)"] = f"jq -r '[.timestamp, .event, .status, .reason, .client_ip, .user_agent, .key_hint, .operation, .outcome, .duration_ms] | @tsv' {log}"
    results = {name: [] for name in tools}
    for at in range(rounds + 1):
        for name, command in tools.items():
            result = run(command)
            if at > 0:
                results[name].append(result)
    for name, command in once.items():
        results[name] = [run(command)]
    base = [statistics.median(values) for values in zip(*results["wc -l"])]
    print(f"{'':32} {'time':>9} {'x wc':>7} {'CPU':>9} {'x wc':>7} {'memory':>9}")
    for name, values in results.items():
        took, cpu, memory = [statistics.median(column) for column in zip(*values)]
        print(f"{name:32} {took * 1000:7.0f}ms {took / base[0]:7.2f} {cpu * 1000:7.0f}ms {cpu / base[1]:7.2f} {memory / 1024:6.1f}MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    it = verbs.add_parser("make")
    it.add_argument("log")
    it.add_argument("--mib", type=int, default=1024)
    it.add_argument("--addresses", type=int, default=5000)
    it.add_argument("--days", type=int, default=30)
    it = verbs.add_parser("measure")
    it.add_argument("log")
    it.add_argument("--aegis", default="aegis")
    it.add_argument("--rounds", type=int, default=5)
    it = verbs.add_parser("duckdb")
    it.add_argument("log")
    it.add_argument("threads", type=int)
    asked = parser.parse_args()
    if asked.verb == "make":
        make(asked.log, asked.mib, asked.addresses, asked.days)
    elif asked.verb == "measure":
        measure(asked.log, asked.aegis, asked.rounds)
    else:
        duckdb(asked.log, asked.threads)


if __name__ == "__main__":
    main()
