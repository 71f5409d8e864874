"""The supply chain: crates, licences, advisories, a list of parts, the oldest compiler, the oldest direct dependencies."""
import json, os, re, shutil, subprocess, tempfile

from common import ROOT, target, text_of


def run(result):
    crates(result)
    deny(result)
    parts(result)
    oldest_compiler(result)
    minimal_versions(result)


def crates(result):
    manifest = (ROOT / "Cargo.toml").read_text()
    tables = re.findall(r"^\[dependencies\]$(.*?)^\[", manifest, re.M | re.S)[0]
    lines = [line for line in tables.splitlines() if re.match(r"^[a-z0-9_-]+ = ", line)]
    silent = [line.split(" ")[0] for line in lines if "#" not in line]
    tree = set(text_of("cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}", cwd=ROOT).splitlines())
    names = {" ".join(line.split(" ")[:2]) for line in tree if re.match(r"^\S+ v\d", line)}
    result.figure("cargo tree", f"{len(names) - 1} crates in the binary, {len(lines)} of them direct")
    result.row("a sentence beside each direct dependency", not silent, ", ".join(silent) or f"{len(lines)} of {len(lines)}")


def deny(result):
    version = text_of("cargo", "deny", "--version").strip()
    if not re.match(r"cargo-deny \d", version):
        return result.not_run("cargo deny", "cargo-deny is not installed: `cargo install --locked cargo-deny`")
    result.tools["cargo-deny"] = version.split()[1]
    for what in ("bans", "licenses", "sources"):
        says = text_of("cargo", "deny", "check", what, cwd=ROOT).strip().splitlines() or ["nothing"]
        result.row(f"cargo deny check {what}", says[-1].startswith(f"{what} ok"), says[-1])
    config = (ROOT / "deny.toml").read_text()
    lists = re.findall(r"^(?:skip|ignore) = \[$(.*?)^\]", config, re.M | re.S)
    exceptions = [line for those in lists for line in those.strip().splitlines()]
    result.row("a reason for each exception", all("reason = " in line for line in exceptions), f"{len(exceptions)} of {len(exceptions)}")
    says = text_of("cargo", "deny", "check", "advisories", cwd=ROOT)
    if "failed to fetch advisory database" in says or "failed to load advisory database" in says:
        result.not_run("cargo deny check advisories", "the advisory database, a git repository of its own, cannot be reached from here")
    else:
        last = says.strip().splitlines()[-1]
        result.row("cargo deny check advisories", last.startswith("advisories ok"), last)


def parts(result):
    version = text_of("cargo", "cyclonedx", "--version").strip()
    if not re.match(r"cargo-cyclonedx\S* \d", version):
        return result.not_run("list of parts (CycloneDX)", "cargo-cyclonedx is not installed: `cargo install --locked cargo-cyclonedx`")
    result.tools["cargo-cyclonedx"] = version.split()[1]
    says = text_of("cargo", "cyclonedx", "--quiet", "--format", "json", "--override-filename", "proof.cdx", cwd=ROOT)
    place = ROOT / "proof.cdx.json"
    if not place.exists():
        return result.row("list of parts (CycloneDX)", False, says.strip()[-200:])
    count = len(json.loads(place.read_text())["components"])
    place.unlink()
    result.row("list of parts (CycloneDX)", count > 0, f"{count} components; `make dist` puts it into the archive")


def oldest_compiler(result):
    declared = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    if not re.match(r"rustc", text_of("rustc", f"+{declared}", "--version")):
        here = text_of("rustc", "--version").split()[1]
        return result.not_run(f"built by Rust {declared}, as declared", f"that compiler is not installed; this is {here}")
    env = {**os.environ, "CARGO_TARGET_DIR": str(target() / "oldest-compiler")}
    built = subprocess.run(["cargo", f"+{declared}", "check", "--locked", "--quiet"], cwd=ROOT, env=env)
    result.row(f"built by Rust {declared}, as declared", built.returncode == 0, "cargo check")


def minimal_versions(result):
    """The oldest versions that Cargo.toml says are enough, of the direct dependencies."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("Cargo.toml", "src", "benches", "tests", "examples", ".cargo", "schemas"):
            whole = ROOT / name
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, f"{folder}/{name}")
        env = {**os.environ, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(target() / "minimal-versions")}
        says = text_of("cargo", "-Zdirect-minimal-versions", "generate-lockfile", cwd=folder, env=env)
        built = subprocess.run(["cargo", "check", "--locked", "--quiet"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        complaint = next((line for line in (says + built.stdout).splitlines() if line.startswith("error")), "")
        result.row("direct dependencies at their oldest", built.returncode == 0, complaint or "cargo check")
