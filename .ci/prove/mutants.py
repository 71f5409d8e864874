"""Mutants: changes of the code where it is decided who gets in and what is written, that no test notices.

MUTANTS_MINUTES says how long (30; 0 reads what the last run left), MUTANTS_FILES where. What there was no time for is
said. Left out: mutants that return a default or a made-up reference, which rarely compile and never survive.
"""
import contextlib, json, os, re, shutil, signal, subprocess

from common import OUT, ROOT, target, text_of

FILES = os.environ.get("MUTANTS_FILES", "src/auth/gatekeeper.rs src/keys/ring.rs src/auth/credential.rs src/auth/limiter.rs src/auth/refusal.rs "
                       "src/auth/bucket.rs src/audit/record.rs").split()
MINUTES = float(os.environ.get("MUTANTS_MINUTES", 30))
# The tests that are about these rooms.
TESTS = ["--locked", "--lib", "--test", "it", "--", "gate::", "auth::", "keys::", "audit::", "reload::",
         # It waits ten seconds for a lock.
         "--skip", "a_second_server_cannot_use_the_same_key"]
FOLDER = OUT / "mutants"


def run(result):
    version = text_of("cargo", "mutants", "--version").strip()
    if not re.match(r"cargo-mutants \d", version):
        return result.not_run("mutants", "cargo-mutants is not installed: `cargo install --locked cargo-mutants`")
    result.tools["cargo-mutants"] = version.split()[1]
    if MINUTES:
        mutate()
    place = FOLDER / "mutants.out"
    if not (place / "outcomes.json").exists():
        return result.row("mutants", False, "cargo-mutants wrote no outcomes")
    planned = [mutant["file"] for mutant in json.loads((place / "mutants.json").read_text())]
    read(result, json.loads((place / "outcomes.json").read_text())["outcomes"], planned)


def mutate():
    """In a clone, on what is built already, until all is done or the time is up."""
    source = FOLDER / "source"
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, source], check=True)
    shutil.copytree(target(), source / "target", ignore=shutil.ignore_patterns("incremental", "proof", "release"))
    command = ["cargo", "mutants", "--in-place", "--no-shuffle", "--baseline=skip", "--timeout=200", "--build-timeout=900", "--output", FOLDER,
               "--exclude-re", "Default::default|leak|user_agent", *(it for file in FILES for it in ("--file", file)), "--", *TESTS]
    env = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}
    env.pop("CARGO_TARGET_DIR", None)
    process = subprocess.Popen(command, cwd=source, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(MINUTES * 60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()


def read(result, outcomes, planned):
    found = {}
    for outcome in outcomes:
        if isinstance(outcome["scenario"], dict):
            mutant = outcome["scenario"]["Mutant"]
            # A build that took too long says nothing of the tests.
            if outcome["summary"] == "Timeout" and outcome["phase_results"][-1]["phase"] != "Test":
                continue
            found.setdefault(mutant["file"], []).append((outcome["summary"], mutant["name"]))
    for file in dict.fromkeys(planned):
        ends = [end for end, _ in found.get(file, [])]
        caught, missed = ends.count("CaughtMutant") + ends.count("Timeout"), ends.count("MissedMutant")
        if not caught + missed:
            result.not_run(file, f"there was no time for its {planned.count(file)} mutants")
            continue
        survived = [name.split(": ", 1)[-1] for end, name in found[file] if end == "MissedMutant"]
        figure = f"{caught} of {caught + missed} caught, {ends.count('Unviable')} do not compile"
        left = planned.count(file) - len(ends)
        figure += f", no time for {left}" if left else ""
        result.row(file, not missed, figure + (f"; survived: {'; '.join(survived)}" if survived else ""))
