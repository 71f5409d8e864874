"""Lines of src/ that the tests run, without those that kill processes (they take too long under it)"""
import json, os, re, shutil

from common import ROOT, text_of, triple


def run(result):
    version = text_of("cargo", "llvm-cov", "--version").strip()
    if not re.match(r"cargo-llvm-cov \d", version):
        return result.not_run("coverage", "cargo-llvm-cov is not installed: `cargo install --locked cargo-llvm-cov`")
    result.tools["cargo-llvm-cov"] = version.split()[1]
    env = tools()
    if env is None:
        return result.not_run("coverage", "there are no LLVM tools of the compiler's version (Debian: llvm-22)")
    says = text_of("cargo", "llvm-cov", "--locked", "--target", triple(), "--lib", "--bins", "--test", "it", "--json", "--summary-only", "--quiet",
                   "--no-clean", "--ignore-run-fail", "--", "--skip", "crash", "--skip", "killed", cwd=ROOT, env=env)
    found = re.search(r'^\{"data".*$', says, re.M)
    if not found:
        return result.row("coverage", False, (says.strip().splitlines() or ["nothing"])[-1][:200])
    rooms, total = {}, [0, 0]
    for file in json.loads(found[0])["data"][0]["files"]:
        path = file["filename"].split("/src/")[-1]
        lines = file["summary"]["lines"]
        for sums in (total, rooms.setdefault(path.split("/")[0].removesuffix(".rs"), [0, 0])):
            sums[0] += lines["covered"]
            sums[1] += lines["count"]
    failed = sorted(set(re.findall(r"^(?:test )?(\S+::\S+) (?:---|\.\.\.) FAILED$", says, re.M)))
    if failed:
        result.not_run("what these tests assert", f"they fail where coverage is measured: {', '.join(failed)}")
    result.figure("all of src/", share(total))
    for room, sums in sorted(rooms.items()):
        result.figure(room, share(sums))


def share(sums):
    return f"{100 * sums[0] / max(1, sums[1]):.1f} % of {sums[1]:,} lines"


def tools():
    """The variables that name LLVM's tools, where the toolchain brings none itself."""
    major = re.search(r"LLVM version: (\d+)", text_of("rustc", "-vV"))[1]
    found = {name: shutil.which(f"{tool}-{major}") for name, tool in (("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata"))}
    if all(found.values()):
        return {**os.environ, **found}
    has_own = "llvm-tools" in text_of("rustup", "component", "list", "--installed")
    return dict(os.environ) if has_own else None
