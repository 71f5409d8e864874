"""What the parts share: the server under test, the forge behind it, and how results are written down."""
import contextlib, datetime, json, os, pathlib, re, secrets, signal, socket, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "target/proof"
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"


class Result:
    """Lines of one part: what was asked, what came of it, the figure."""

    def __init__(self, part):
        self.part, self.rows, self.tools, self.notes = part, [], {}, []
        self.began = time.monotonic()

    def row(self, what, passed, figure):
        self.rows.append({"what": what, "verdict": PASSED if passed else FAILED, "figure": figure})
        print(f"  {'ok  ' if passed else 'FAIL'} {what}: {figure}", flush=True)
        return passed

    def figure(self, what, figure):
        """A figure that nothing depends on."""
        self.rows.append({"what": what, "verdict": "", "figure": figure})
        print(f"       {what}: {figure}", flush=True)

    def not_run(self, what, why):
        self.rows.append({"what": what, "verdict": NOT_RUN, "figure": f"not run, because {why}"})
        print(f"  --   {what}: not run, because {why}", flush=True)

    def note(self, text):
        self.notes.append(text)

    def save(self):
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / f"{self.part}.json").write_text(json.dumps({
            "part": self.part, "commit": commit(), "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M}",
            "seconds": round(time.monotonic() - self.began), "tools": self.tools, "rows": self.rows, "notes": self.notes,
        }, indent=1) + "\n")
        return all(row["verdict"] != FAILED for row in self.rows)


def text_of(*command, **options):
    """What a command prints, both streams, without its colours; empty if it is not there."""
    try:
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    except FileNotFoundError:
        return ""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ran.stdout.decode(errors="replace"))


def commit():
    changed = text_of("git", "status", "--porcelain", "--untracked-files=no", "--", ":!docs/PROOF.md", cwd=ROOT).strip()
    return text_of("git", "rev-parse", "--short=10", "HEAD", cwd=ROOT).strip() + (" and changes" if changed else "")


def triple():
    return re.search(r"^host: (.+)$", text_of("rustc", "-vV"), re.M)[1]


def target():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def binary():
    """The release binary; the variable `AEGIS` names another one."""
    path = pathlib.Path(os.environ.get("AEGIS") or target() / triple() / "release/aegis")
    return path if path.exists() else sys.exit("the release binary is not built: `make build`")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process=None):
    for _ in range(500):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 1).close()
        if process and process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


def end(process, seconds=15):
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Forge:
    """A forge of its own process that answers what a real one was recorded to answer; see `forge.py`."""

    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen([sys.executable, HERE / "forge.py", str(self.port)])
        wait_for(self.port, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)


class Server:
    """The release binary with a `.env` of its own in front of a forge, on one port over restarts."""

    def __init__(self, forge, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="aegis-proof-")
        self.path, self.port, self.keys = pathlib.Path(self.folder.name), free_port(), [secrets.token_hex(32)]
        self.settings = {"GITEA_URL": f"http://127.0.0.1:{forge.port}", "GITEA_TOKEN": "recorded-token-of-aegis-bot-0000000000000",
                         "MCP_PORT": self.port, "AUDIT_LOG_PATH": self.path / "audit.log", **settings}
        self.process = None

    def __enter__(self):
        self.write_settings()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    @property
    def key(self):
        return self.keys[0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def write_settings(self):
        """As an editor that replaces the file."""
        new = self.path / ".env.new"
        lines = [*(f"{name}={value}" for name, value in self.settings.items()), "MCP_API_KEYS=" + ",".join(self.keys)]
        new.write_text("\n".join(lines) + "\n")
        new.chmod(0o600)
        new.rename(self.path / ".env")

    def start(self):
        log = (self.path / "log").open("ab")
        self.process = subprocess.Popen([binary(), "serve"], cwd=self.path, stdout=log, stderr=log,
                                        env={"PATH": os.environ["PATH"]})
        wait_for(self.port, self.process)

    def stop(self):
        return end(self.process)

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def records(self):
        """The records of all files of the log."""
        lines = [line for file in sorted(self.path.glob("audit*.log")) for line in file.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def verify(self):
        """What the binary itself finds in its log: exit code and the line that says it."""
        ran = subprocess.run([binary(), "audit-summary", "verify"], capture_output=True, text=True, cwd=self.path)
        verdicts = [line for line in ran.stdout.splitlines() if line.startswith(("intact", "broken"))]
        return ran.returncode, (verdicts or (ran.stderr or ran.stdout).splitlines() or ["nothing"])[0]

    def resident(self):
        """KiB in memory."""
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
