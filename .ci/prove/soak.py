"""A day's events in minutes: memory and descriptors stay flat."""
import http.client, json, os, random, statistics, threading, time

from common import Forge, Server

DAY = 24 * 60
EVENTS = {"calls": 50 * DAY, "wrong keys": DAY, "event streams": DAY // 5, "reloads": DAY // 15, "restarts of clients": 2 * DAY}
SECONDS = int(os.environ.get("SOAK_SECONDS", 240))
CLIENTS = 4
ASKED = [("server_read", {"method": "version"}), ("repo_read", {"method": "get", "repo": "observatory/telescope"}),
         ("issue_read", {"method": "list", "repo": "observatory/telescope"}), ("file_read", {"method": "get", "repo": "observatory/telescope", "path": "README.md"}),
         ("repo_read", {"method": "get", "repo": "no-such/no-such"}), ("no_such_tool", {})]


class Day:
    """Events happen when their share of the day has come."""

    def __init__(self, server):
        self.server, self.began, self.done = server, time.monotonic(), dict.fromkeys(EVENTS, 0)
        self.lock, self.wrong, self.streams = threading.Lock(), [], []

    def share(self):
        return min(1, (time.monotonic() - self.began) / SECONDS)

    def is_due(self, event):
        with self.lock:
            due = self.done[event] < EVENTS[event] * self.share()
            self.done[event] += due
            return due

    def over(self):
        return self.done["calls"] >= EVENTS["calls"]

    def fault(self, what):
        with self.lock:
            self.wrong.append(what)

    def client(self, number):
        """Calls over one connection, which it leaves for a new one now and then."""
        choice, connection = random.Random(number), None
        while not self.over():
            if connection is None or self.is_due("restarts of clients"):
                if connection:
                    connection.close()
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            if not self.is_due("calls"):
                time.sleep(0.002)
                continue
            name, arguments = choice.choice(ASKED)
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
            try:
                status, body = ask(connection, "POST", "/mcp", self.server.key, json.dumps(message))
                if status != 200 or b'"jsonrpc"' not in body:
                    self.fault(f"{name}: {status}")
            except (OSError, http.client.HTTPException) as error:
                self.fault(f"{name}: {type(error).__name__}")
                connection = None

    def others(self):
        """Whoever has no key, whoever listens, and the operator."""
        spare = "f" * 64
        while not self.over():
            if self.is_due("wrong keys"):
                # From another address, so that the block is not the clients'.
                with_wrong = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30, source_address=("127.0.0.9", 0))
                status, _ = ask(with_wrong, "GET", "/mcp/tools", "0" * 64)
                with_wrong.close()
                if status not in (401, 429):
                    self.fault(f"a wrong key: {status}")
            if self.is_due("event streams"):
                stream = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
                stream.request("GET", "/mcp/sse", headers={"Authorization": f"Bearer {self.server.key}"})
                if b"endpoint" not in stream.getresponse().readline():
                    self.fault("a stream did not open")
                self.streams.append(stream)
                if len(self.streams) > 8:
                    self.streams.pop(0).close()
            if self.is_due("reloads"):
                self.server.keys = self.server.keys[:1] if len(self.server.keys) > 1 else [*self.server.keys, spare]
                self.server.write_settings()
                self.server.reload()
            time.sleep(0.01)


def ask(connection, method, path, key, body=None):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def run(result):
    with Forge() as forge, Server(forge, AUDIT_ROTATE_SIZE=1, AUDIT_KEEP=4, AUDIT_COMPRESS="gzip") as server:
        day, samples = Day(server), []
        threads = [threading.Thread(target=day.client, args=(number,)) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=day.others))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(SECONDS / 240)
            samples.append((server.resident() / 1024, server.descriptors()))
        seconds = round(time.monotonic() - day.began)
        for stream in day.streams:
            stream.close()
        closed = sum(file.suffix == ".gz" for file in server.path.iterdir())
        rotated = sum('"audit_rotated"' in line for line in (server.path / "audit.log").read_text().splitlines())
        result.figure("replayed", f"{', '.join(f'{day.done[name]:,} {name}' for name in EVENTS)} in {seconds} s")
        kinds = ", ".join(f"{day.wrong.count(it)} times {it}" for it in sorted(set(day.wrong))[:5])
        result.row("answers as they should be", not day.wrong, kinds or "all")
        flat(result, "memory", [sample[0] for sample in samples], "MiB", 1.05)
        flat(result, "descriptors", [sample[1] for sample in samples], "open", 1.1)
        result.row("the log was rotated and packed", closed == 4 and rotated, f"{closed} closed files kept, as set")
        code, says = server.verify()
        result.row("the log that is left", code in (0, 1) and "intact" in says, says)


def flat(result, what, samples, unit, bound):
    """The second quarter against the last: what is taken once is taken by then."""
    quarter = len(samples) // 4
    early, late = (statistics.median(those) for those in (samples[quarter:2 * quarter], samples[-quarter:]))
    figure = f"{early:.1f} {unit} in the second quarter, {late:.1f} in the last ({(late / early - 1) * 100:+.1f} %), at most {max(samples):.1f}"
    result.row(f"{what}: flat", late <= early * bound, figure)
