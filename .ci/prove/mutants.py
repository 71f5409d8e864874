"""Mutants: changes of the code where it is decided who gets in and what is written, that no test notices.

All are in one build (see schemata.py). Each test is run once alone, for which mutants it comes by; then each mutant is
tried by these tests, the quickest first, until one fails. What earlier runs found of a file that has not changed since is
kept, but for survivors. MUTANTS_MINUTES says how long (300; 0 reads what earlier runs left), MUTANTS_FILES where.
"""
import collections, contextlib, hashlib, importlib, json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, threading, time
from concurrent.futures import ThreadPoolExecutor

from common import OUT, ROOT, commit, text_of

FILES = os.environ.get("MUTANTS_FILES", "src/auth/** src/keys/** src/audit/**").split()
MINUTES = float(os.environ.get("MUTANTS_MINUTES", 300))
# What only reads a log: neither who gets in nor what is written depends on it.
READS = re.compile(r"src/audit/(reader|summary|verify|tail)\b")
# What a panic or a failed test prints, and what a parser would have wanted.
NOBODY_READS = "fmt::Debug for|>::expecting"
FOUND = OUT / "mutants.found.json"
CAUGHT, SURVIVED, UNREACHED, NOT_COMPILED = "caught", "survived", "no test comes by", "not compiled"


def run(result):
    version = text_of("cargo", "mutants", "--version").strip()
    if not re.match(r"cargo-mutants \d", version):
        return result.not_run("mutants", "cargo-mutants is not installed: `cargo install --locked cargo-mutants`")
    result.tools["cargo-mutants"] = version.split()[1]
    listed = subprocess.run(["cargo", "mutants", "--list", "--json", "--exclude-re", NOBODY_READS, *(it for file in FILES for it in ("--file", file))], cwd=ROOT,
                            stdout=subprocess.PIPE, check=True)
    mutants = json.loads(listed.stdout)
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    of = {file: hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:16] for file in {mutant["file"] for mutant in mutants}}
    for mutant in mutants:
        mutant["key"] = f"{of[mutant['file']]} {mutant['name']}"
    if MINUTES:
        # Elsewhere, for the source is changed.
        with tempfile.TemporaryDirectory(prefix="aegis-mutants-") as folder:
            os.chmod(folder, 0o755)
            Trial(pathlib.Path(folder), mutants, found).run(time.monotonic() + MINUTES * 60)
    by_file = collections.defaultdict(list)
    for mutant in mutants:
        by_file[mutant["file"]].append(mutant)
    for file, there in sorted(by_file.items(), key=lambda it: (bool(READS.match(it[0])), it[0])):
        tell(result, file, there, found)


def tell(result, file, mutants, found):
    ends = {mutant["name"].split(": ", 1)[1] + " at " + mutant["name"].split(": ")[0].split(":", 1)[1]: found.get(mutant["key"]) for mutant in mutants}
    of = lambda *ends_: [name for name, end in ends.items() if end in ends_]
    tried, alive = len(of(CAUGHT, SURVIVED, UNREACHED)), of(SURVIVED, UNREACHED)
    if not tried:
        return result.not_run(file, f"there was no time for its {len(mutants)} mutants")
    figure = f"{len(of(CAUGHT))} of {tried} caught, {len(of(NOT_COMPILED))} do not compile"
    figure += f", no time for {len(of(None))}" if of(None) else ""
    figure += f"; survived: {'; '.join(alive)}" if alive else ""
    if READS.match(file):
        result.figure(file, figure)
    else:
        result.row(file, not alive, figure)


class Trial:
    def __init__(self, source, mutants, found):
        self.source, self.mutants, self.found = source, mutants, found
        self.env = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_TARGET_DIR": str(OUT / "mutants"), "PROPTEST_CASES": "32"}
        # One a processor, each with a view of its own of the two files; that needs root.
        alone = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode
        self.workers = 1 if alone else os.cpu_count()
        self.lock = threading.Lock()

    def run(self, end):
        subprocess.run(["git", "clone", "--quiet", ROOT, self.source], check=True)
        alive = schemata().build(self.source, self.mutants, self.env, say)
        programs = self.programs()
        for number, mutant in enumerate(self.mutants):
            if number not in alive:
                self.found[mutant["key"]] = NOT_COMPILED
        tests = self.reached(programs)
        self.write("mutant", "")
        # Who gets in and what is written comes first.
        order = sorted(alive, key=lambda number: (bool(READS.match(self.mutants[number]["file"])), number))
        self.each([number for number in order if self.found.get(self.mutants[number]["key"]) != CAUGHT], lambda *it: self.settle(*it, tests, end))

    def settle(self, worker, number, tests, end):
        if time.monotonic() > end:
            return
        began, mutant = time.monotonic(), self.mutants[number]
        outcome = self.outcome(worker, number, tests)
        with self.lock:
            self.found[mutant["key"]] = outcome
            FOUND.write_text(json.dumps(self.found, indent=0))
        say(f"{outcome} in {time.monotonic() - began:.1f} s: {mutant['name']}")

    def each(self, items, work):
        """`work(worker, item)` for all of them, in their order."""
        items = iter(items)

        def worker(number):
            while True:
                with self.lock:
                    item = next(items, None)
                if item is None:
                    return
                work(number, item)

        with ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(worker, range(self.workers)))

    def programs(self):
        ran = subprocess.run(["cargo", "test", "--quiet", "--locked", "--no-run", "--lib", "--test", "it", "--message-format=json"],
                             cwd=self.source, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        built = [json.loads(line) for line in ran.stdout.splitlines()]
        programs = [it["executable"] for it in built if it.get("executable") and it["profile"]["test"]]
        if ran.returncode or len(programs) != 2:
            raise RuntimeError(f"the tests with all mutants in them do not compile: {ran.stderr[-2000:]}")
        return programs

    def reached(self, programs):
        """Of each test that passes with no mutant: its program, its name, how long it takes alone, what it comes by."""
        tests, all_ = [], []
        for program in programs:
            names = subprocess.run([program, "--list", "--format=terse"], cwd=self.source, stdout=subprocess.PIPE, text=True).stdout
            all_ += [(program, name) for name in re.findall(r"^(.+): test$", names, re.M)]
        self.write("reached", "")

        def alone(worker, test):
            own = self.write(f"reached.{worker}", "")
            began = time.monotonic()
            passed = self.passes(worker, "reached", test[0], [test[1]], 300)
            took, reached = time.monotonic() - began, set(map(int, own.read_text().split()))
            if passed and reached:
                tests.append((took, *test, reached))
            elif not passed:
                say(f"left out, for it fails in this build: {test[1]}")

        self.each(all_, alone)
        return sorted(tests)

    def outcome(self, worker, number, tests):
        self.write(f"mutant.{worker}", str(number))
        left = collections.deque(test for test in tests if number in test[3])
        if not left:
            return UNREACHED
        enough = 1
        while left:
            # More at once each time: most mutants are caught by the first few.
            some = [left.popleft() for _ in range(min(len(left), 8))]
            while left and sum(test[0] for test in some) < enough:
                some.append(left.popleft())
            enough *= 4
            for program in {test[1] for test in some}:
                of = [test for test in some if test[1] == program]
                if not self.passes(worker, "mutant", program, [test[2] for test in of], 10 + 3 * sum(test[0] for test in of)):
                    return CAUGHT
        return SURVIVED

    def passes(self, worker, file, program, names, limit):
        """Whether these tests pass, with the worker's own file in the place of the one that they read or write."""
        command = [program, "--exact", "--test-threads=6", *names]
        own, common = self.source / f"{file}.{worker}", self.source / file
        if self.workers > 1:
            command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', own, common, *command]
        else:
            shutil.copy(own, common)
        process = subprocess.Popen(command, cwd=self.source, env=self.env, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            passed = process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            passed = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self.workers == 1:
            shutil.copy(common, own)
        return passed

    def write(self, name, text):
        path = self.source / name
        path.write_text(text)
        path.chmod(0o666)
        return path


def say(text):
    print(f"       {text}", flush=True)


def schemata():
    """The module, and the two libraries of Python that it needs."""
    folder = OUT / "python"
    sys.path.insert(0, str(folder))
    try:
        import tree_sitter_rust
    except ImportError:
        subprocess.run([sys.executable, "-m", "pip", "-q", "install", "--target", folder, "tree-sitter==0.26.1", "tree-sitter-rust==0.24.2"], check=True)
        importlib.invalidate_caches()
    import schemata
    return schemata
