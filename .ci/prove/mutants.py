"""Mutants: changes of the code where it is decided who gets in and what is written, that no test notices.

MUTANTS_MINUTES says how long (30; 0 reads what earlier runs left), MUTANTS_FILES where. What there was no time for is
said. Left out: mutants that return a default or a made-up reference, which rarely compile and never survive.
"""
import contextlib, json, os, pathlib, re, shutil, signal, subprocess, tempfile, time

from common import OUT, ROOT, commit, target, text_of

FILES = os.environ.get("MUTANTS_FILES", "src/auth/gatekeeper.rs src/keys/ring.rs src/auth/credential.rs src/auth/limiter.rs src/auth/refusal.rs "
                       "src/auth/bucket.rs src/audit/record.rs").split()
MINUTES = float(os.environ.get("MUTANTS_MINUTES", 30))
# The tests that are about each room; those left out take long and are about reading.
GATE = ["gate::", "auth::", "keys::", "reload::", "watching::", "audit::syncs", "audit::full"]
TESTS = {"auth": GATE, "keys": GATE,
         "audit": ["gate::", "audit::", "--skip", "audit::verify::", "--skip", "a_second_server_cannot_use_the_same_key"]}
FOLDER = OUT / "mutants"


def run(result):
    version = text_of("cargo", "mutants", "--version").strip()
    if not re.match(r"cargo-mutants \d", version):
        return result.not_run("mutants", "cargo-mutants is not installed: `cargo install --locked cargo-mutants`")
    result.tools["cargo-mutants"] = version.split()[1]
    if MINUTES:
        # Elsewhere, or the flags of .cargo/config.toml would be there twice.
        with tempfile.TemporaryDirectory(prefix="aegis-mutants-") as folder:
            mutate(pathlib.Path(folder), time.monotonic() + MINUTES * 60)
    for file in FILES:
        folder = place(file)
        if folder.exists():
            read(result, folder)
        else:
            result.not_run(file, "there was no time for it")


def place(file):
    """Where what was found of a file is kept."""
    return FOLDER / file.replace("/", "-")


def mutate(source, end):
    """In a clone, on what is built already, file by file, until all is done or the time is up."""
    subprocess.run(["git", "clone", "--quiet", ROOT, source], check=True)
    shutil.copytree(target(), source / "target", ignore=shutil.ignore_patterns("incremental", "proof", "release"))
    env = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}
    env.pop("CARGO_TARGET_DIR", None)
    for file in FILES:
        folder = place(file)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "commit").write_text(commit())
        command = ["cargo", "mutants", "--in-place", "--no-shuffle", "--baseline=skip", "--timeout=200", "--build-timeout=900", "--output", folder,
                   "--exclude-re", "Default::default|leak|user_agent", "--file", file,
                   "--", "--locked", "--lib", "--test", "it", "--", "--test-threads=8", *TESTS[file.split("/")[1]]]
        process = subprocess.Popen(command, cwd=source, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(max(end - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            return


def read(result, folder):
    """What became of the mutants of one file, whichever run tried them."""
    found = folder / "mutants.out"
    if not (found / "outcomes.json").exists():
        return result.row(folder.name, False, "cargo-mutants wrote no outcomes")
    planned = [mutant["name"] for mutant in json.loads((found / "mutants.json").read_text())]
    file = planned[0].split(":")[0]
    ends = []
    for outcome in json.loads((found / "outcomes.json").read_text())["outcomes"]:
        # A build that took too long says nothing of the tests.
        too_slow = outcome["summary"] == "Timeout" and outcome["phase_results"][-1]["phase"] != "Test"
        if isinstance(outcome["scenario"], dict) and not too_slow:
            ends.append((outcome["summary"], outcome["scenario"]["Mutant"]["name"]))
    of = lambda *summaries: [name.split(": ", 1)[-1] for summary, name in ends if summary in summaries]
    caught, missed = of("CaughtMutant", "Timeout"), of("MissedMutant")
    left = len(planned) - len(ends)
    if not caught + missed:
        return result.not_run(file, f"there was no time for its {left} mutants")
    figure = f"{len(caught)} of {len(caught) + len(missed)} caught, {len(of('Unviable'))} do not compile"
    figure += f", no time for {left}" if left else ""
    figure += f"; survived: {'; '.join(missed)}" if missed else ""
    result.row(file, not missed, f"{figure}; at commit `{(folder / 'commit').read_text()}`")
