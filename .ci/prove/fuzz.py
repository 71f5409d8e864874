"""Fuzz targets, each for a minute, from the kept corpus on.

libFuzzer by way of the compiler's own coverage pass, which the stable compiler has too; there is no unsafe code here for
a sanitizer to watch. FUZZ_SECONDS sets the time (0: they are only built), FUZZ_KEEP=1 takes what was found into fuzz/corpus, as little as covers it.
"""
import os, re, shutil, subprocess
from concurrent.futures import ThreadPoolExecutor

from common import OUT, ROOT, triple

KEPT = 60
SECONDS = int(os.environ.get("FUZZ_SECONDS", 60))
COVERAGE = ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=4 -sanitizer-coverage-inline-8bit-counters "
            "-sanitizer-coverage-pc-table -sanitizer-coverage-trace-compares", "--cfg=fuzzing"]


def run(result):
    folder = OUT / "fuzz"
    # Encoded, for one flag has blanks in it.
    env = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target"), "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(COVERAGE)}
    env.pop("RUSTFLAGS", None)
    if not shutil.which("c++"):
        return result.not_run("all targets", "there is no C++ compiler, and libFuzzer needs one")
    built = subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "--target", triple()], cwd=ROOT / "fuzz", env=env,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        return result.row("all targets", False, next((line for line in built.stdout.splitlines() if line.startswith("error")), "no build"))
    if not SECONDS:
        return None
    names = sorted(path.stem for path in (ROOT / "fuzz/bodies").glob("*.rs"))
    # One a processor.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: target(result, folder, folder / "target" / triple() / "release" / name, name), names))


def target(result, folder, program, name):
    found, kept, crashes = folder / "found" / name, ROOT / "fuzz/corpus" / name, folder / "crashes" / name
    for place in (found, crashes):
        place.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run([program, found, kept, f"-max_total_time={SECONDS}", "-print_final_stats=1", "-max_len=4096", "-rss_limit_mb=2048",
                          "-timeout=10", f"-artifact_prefix={crashes}/"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    says = ran.stdout.decode(errors="replace")
    (folder / f"{name}.log").write_text(says)
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", says)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", says)
    runs, (edges, _) = int(runs[1]) if runs else 0, covered[-1] if covered else (0, 0)
    left = re.search(r"(panicked at .*|ERROR: libFuzzer: .*)", says)
    figure = f"{runs:,} runs in {SECONDS} s, {int(edges):,} edges, " + (f"CRASH: {left[1]}" if ran.returncode and left else "no crash" if not ran.returncode else "FAILED")
    result.row(name, ran.returncode == 0, figure)
    if os.environ.get("FUZZ_KEEP"):
        keep(program, found, kept)


def keep(program, found, kept):
    """The smallest inputs that cover what all together cover."""
    least = found.with_suffix(".least")
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    subprocess.run([program, "-merge=1", "-max_len=1024", least, kept, found], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # What was kept for a reason of its own has a name; of the rest, some of every length.
    for path in kept.iterdir():
        if re.fullmatch("[0-9a-f]{40}|seed.*", path.name):
            path.unlink()
    found = sorted(least.iterdir(), key=lambda it: it.stat().st_size)
    for path in found[::len(found) // KEPT + 1]:
        shutil.copy(path, kept)
