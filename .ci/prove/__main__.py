"""Proves what can be proved by running it. `make prove` runs all parts, `make prove PART="clients soak"` some of them;
each writes target/proof/PART.json, and its section of docs/PROOF.md is written from that. Every part makes what it needs.
"""
import importlib, os, sys

import report
from common import Result

PARTS = ["conformance", "clients", "tests", "fuzz", "hostile", "soak", "supply", "coverage", "mutants", "reproduce"]


def main(asked):
    unknown = [part for part in asked if part not in PARTS]
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    good = True
    for part in asked or PARTS:
        print(f"== {part}", flush=True)
        result = Result(part)
        try:
            importlib.import_module(part).run(result)
        except Exception as error:  # One part that breaks is that part's failure.
            result.row("the part itself", False, f"{type(error).__name__}: {error}")
        good &= result.save()
    # What CI runs is a part of the whole.
    if not os.environ.get("CI"):
        report.write(PARTS, asked or PARTS)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
