"""Slow clients (slowhttptest) while a good one is served."""
import http.client, re, shutil, subprocess, threading, time

from common import Forge, Server, text_of

CONNECTIONS, SECONDS = 500, 30
# What each attack needs: its mode, and what it sends or reads how slowly.
ATTACKS = {
    "slow headers": ["-H", "-i", "3", "-t", "GET", "-x", "16"],
    "slow body": ["-B", "-i", "3", "-s", "65536", "-x", "8", "-t", "POST", "-f", "application/json"],
    "slow read": ["-X", "-w", "1", "-y", "16", "-n", "3", "-z", "4", "-k", "3"],
}


class Good:
    """Calls all the while, from another address than the attack's."""

    def __init__(self, server):
        self.server, self.times, self.faults, self.over = server, [], [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                # A new connection each time: that is what an attack would take away.
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20, source_address=("127.0.0.2", 0))
                connection.request("GET", "/mcp/tools", headers={"Authorization": f"Bearer {self.server.key}"})
                answer = connection.getresponse()
                answer.read()
                connection.close()
                if answer.status != 200:
                    self.faults.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(type(error).__name__)
            self.times.append(time.monotonic() - began)
            time.sleep(0.05)


def run(result):
    if not shutil.which("slowhttptest"):
        return result.not_run("slow headers, slow body, slow read", "slowhttptest is not installed (Debian has it)")
    result.tools["slowhttptest"] = (re.search(r"version ([\d.]+)", text_of("slowhttptest", "-h")) or [0, "?"])[1]
    with Forge() as forge, Server(forge) as server:
        for name, options in ATTACKS.items():
            attack(result, server, name, options)
        code, says = server.verify()
        result.row("the audit log of all this", code == 0, says)


def attack(result, server, name, options):
    good = Good(server)
    good.thread.start()
    # By then the server has opened all that it needs.
    while not good.times:
        time.sleep(0.05)
    before, memory = server.descriptors(), server.resident()
    # The one door that takes a key in its address, so that bodies and answers are not refused at once.
    address = f"{server.url}/mcp/tools?api_key={server.key}" if name != "slow body" else f"{server.url}/mcp/tool/call?api_key={server.key}"
    process = subprocess.Popen(["slowhttptest", "-c", str(CONNECTIONS), "-r", "200", "-l", str(SECONDS), "-p", "5", "-u", address, *options],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most, began = 0, time.monotonic()
    while process.poll() is None:
        most = max(most, server.descriptors() - before)
        time.sleep(0.2)
    lasted = time.monotonic() - began
    good.over.set()
    good.thread.join()
    # What the server still holds of connections whose clients have gone, it lets go of within its deadlines.
    for _ in range(100):
        after = server.descriptors() - before
        if after <= 2:
            break
        time.sleep(0.2)
    grown = (server.resident() - memory) / 1024
    figure = f"{CONNECTIONS} connections, given up after {lasted:.0f} of {SECONDS} s, {most} open at most, {max(after, 0)} left after it; {len(good.times)} good requests, " \
             f"slowest {max(good.times) * 1000:.0f} ms" + (f", {len(good.faults)} FAILED: {good.faults[0]}" if good.faults else ", none failed") + f"; {grown:+.1f} MiB"
    result.row(name, not good.faults and after <= 2, figure)
