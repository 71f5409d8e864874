"""The tests, by topic: among them the MCP schemas of every message we send, the raw sockets, the fuzz corpus."""
import collections, re, subprocess

from common import OUT, ROOT

# Those that the other parts lean on.
NAMED = {"every message against its revision's schema": "protocol::", "raw sockets": "gate::hostile", "a bad forge": "gitea::bad_forge",
         "the corpus of the fuzz targets": "fuzz::", "the command line and the binary": "serve::", "processes killed at each system call": "crash::"}


def run(result):
    ran = subprocess.run(["cargo", "test", "--locked", "--", "--format=pretty"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    says = ran.stdout.decode(errors="replace")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "tests.log").write_text(says)
    tests = re.findall(r"^test (\S+)(?: - .*?)? \.\.\. (ok|FAILED|ignored)", says, re.M)
    ends = collections.Counter(end for _, end in tests)
    failed = [name for name, end in tests if end == "FAILED"]
    figure = f"{ends['ok']:,} pass, {ends['FAILED']} fail, {ends['ignored']} are ignored"
    result.row("cargo test", tests and ran.returncode == 0,
               figure + (f": {', '.join(failed[:9])}" if failed else ""))
    for what, part in NAMED.items():
        count = sum(part in name and end == "ok" for name, end in tests)
        result.row(what, count > 0, f"{count} tests")
