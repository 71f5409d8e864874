"""Mutants: changes of the code that no test notices. MUTANTS_FILES says where, MUTANTS_SHARD=0/4 how much of it."""
import json, os, re

from common import OUT, ROOT, text_of

# Who gets in, and what is written.
FILES = os.environ.get("MUTANTS_FILES", "src/auth/**/*.rs src/keys/**/*.rs src/audit/**/*.rs").split()
SHARD = os.environ.get("MUTANTS_SHARD")


def run(result):
    version = text_of("cargo", "mutants", "--version").strip()
    if not re.match(r"cargo-mutants \d", version):
        return result.not_run("mutants", "cargo-mutants is not installed: `cargo install --locked cargo-mutants`")
    result.tools["cargo-mutants"] = version.split()[1]
    options = [it for file in FILES for it in ("--file", file)] + (["--shard", SHARD] if SHARD else [])
    text_of("cargo", "mutants", "--no-shuffle", "--baseline=skip", "--timeout=300", "--output", OUT / "mutants", *options, "--", "--locked", cwd=ROOT)
    place = OUT / "mutants/mutants.out/outcomes.json"
    if not place.exists():
        return result.row("mutants", False, "cargo-mutants wrote no outcomes")
    read(result, json.loads(place.read_text()))


def read(result, outcomes):
    files = {}
    for outcome in outcomes["outcomes"]:
        mutant = outcome["scenario"].get("Mutant") if isinstance(outcome["scenario"], dict) else None
        if mutant:
            files.setdefault(mutant["file"], []).append((outcome["summary"], mutant["name"]))
    for file, found in sorted(files.items()):
        count = lambda *ends: sum(end in ends for end, _ in found)
        missed = [name.split(": ", 1)[-1] for end, name in found if end == "MissedMutant"]
        figure = f"{count('CaughtMutant', 'Timeout')} of {count('CaughtMutant', 'Timeout', 'MissedMutant')} caught"
        result.row(file, not missed, figure + (f"; survived: {'; '.join(missed)}" if missed else ""))
