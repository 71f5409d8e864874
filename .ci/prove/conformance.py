"""The official conformance suite, on the release binary and on a fixture that has its tools."""
import contextlib, json, os, subprocess, tempfile

from common import ROOT, Forge, Server, end, free_port, target, triple, wait_for
from key_proxy import KeyProxy
from node import node

# What any server can be asked, whatever its tools are.
GENERIC = {
    "2026-07-28": ["server-stateless", "tools-list", "server-sse-multiple-streams", "sep-2164-resource-not-found",
                   "dns-rebinding-protection", "caching", "http-header-validation", "input-required-result-unsupported-methods"],
    "2025-11-25": ["server-initialize", "server-session-lifecycle", "ping", "tools-list", "server-sse-multiple-streams",
                   "server-sse-polling", "dns-rebinding-protection"],
    "2025-06-18": ["server-initialize", "server-session-lifecycle", "ping", "tools-list"],
}
# Checks of these that ask for what this server has not and does not announce. Any other failure is one.
NOT_IMPLEMENTED = {
    "sep-2575-server-rejects-undeclared-capability": "a tool of the suite that samples",
    "sep-2575-missing-capability-http-400": "a tool of the suite that samples",
    "sep-2575-http-server-no-independent-requests-on-stream": "a tool of the suite that elicits",
    "sep-2575-server-no-log-without-loglevel": "a tool of the suite that logs",
    "sep-2549-prompts-list-caching-hints": "prompts",
    "sep-2549-resources-list-caching-hints": "resources",
    "sep-2549-resources-templates-list-caching-hints": "resource templates",
}
# They pass on every server, since an unknown tool is an error: nothing is claimed of them.
VACUOUS = {"input-required-result-missing-input-response", "input-required-result-ignore-extra-params",
           "input-required-result-validate-input"}


def run(result):
    found = node(result, "@modelcontextprotocol/conformance")
    if found:
        release(result, found)
        fixture(result, found)


def release(result, found):
    with Forge() as forge, Server(forge) as server, KeyProxy(server.port, server.key) as proxy:
        for revision, generic in GENERIC.items():
            checks = suite(found, proxy.port, "--suite", "all", "--spec-version", revision)
            wanted = {name: checks[name] for name in generic if name in checks}
            failed = {check for those in wanted.values() for check, status in those if status == "FAILURE"}
            unexpected = sorted(failed - NOT_IMPLEMENTED.keys())
            missing = [name for name in generic if name not in checks]
            passed = count(wanted, "SUCCESS")
            figure = f"{passed} checks of {len(wanted)} generic scenarios pass"
            absent = failed & NOT_IMPLEMENTED.keys()
            if absent:
                figure += f"; {len(absent)} ask for what is not there: " + ", ".join(sorted({NOT_IMPLEMENTED[it] for it in absent}))
            if unexpected or missing:
                figure += "; FAILED: " + ", ".join(unexpected + missing)
            result.row(f"release binary, {revision}", not unexpected and not missing and passed > 0, figure)


def fixture(result, found):
    built = subprocess.run(["cargo", "build", "--quiet", "--locked", "--example", "conformance_server"], cwd=ROOT)
    if built.returncode:
        return result.row("fixture, built", False, "does not build")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        program = target() / triple() / "debug/examples/conformance_server"
        server = subprocess.Popen([program, str(port), f"{folder}/audit.log"], cwd=folder, stderr=subprocess.DEVNULL)
        try:
            wait_for(port, server)
            for revision in ["2026-07-28", "2025-11-25"]:
                requirements(result, found, port, revision)
        finally:
            end(server)


def requirements(result, found, port, revision):
    checks = suite(found, port, "--requirements", revision)
    whole = {name for name, those in checks.items() if all(status != "FAILURE" for _, status in those)}
    claimed = whole - VACUOUS
    figure = f"{len(claimed)} of {len(checks)} required scenarios pass, {len(whole & VACUOUS)} more for want of the feature; " \
             f"{count(checks, 'SUCCESS')} checks pass, {count(checks, 'FAILURE')} do not"
    needed = set(GENERIC[revision]) & checks.keys() | {"tools-call-simple-text", "tools-call-error"}
    # Those that are whole but for what is not implemented.
    partly = {name for name in needed - whole
              if {check for check, status in checks[name] if status == "FAILURE"} <= NOT_IMPLEMENTED.keys()}
    result.row(f"fixture, full set of {revision}", needed - partly <= whole, figure)
    result.note(f"The fixture, {revision}, does not implement: " + ", ".join(sorted(checks.keys() - whole - partly)) +
                (f". In part: {', '.join(sorted(partly))}" if partly else "") + ".")


def suite(found, port, *options):
    """The suite's checks by scenario: their names and what came of them."""
    with tempfile.TemporaryDirectory() as folder:
        found.run("conformance", "server", "--url", f"http://127.0.0.1:{port}/mcp", "-o", folder, *options)
        checks = {}
        for place in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError), open(f"{folder}/{place}/checks.json") as file:
                checks[scenario(place)] = [(check["id"], check["status"]) for check in json.load(file)]
        return checks


def scenario(folder):
    """`server-ping-2026-11-29T03-03-30-661Z` is of `ping`."""
    return "-".join(folder.removeprefix("server-").split("-")[:-6])


def count(checks, status):
    return sum(found == status for those in checks.values() for _, found in those)
