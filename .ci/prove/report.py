"""Writes docs/PROOF.md from the results below target/proof."""
import json, re, textwrap

from common import FAILED, NOT_RUN, OUT, PASSED, ROOT

HEAD = """\
# Proof

What was run against this source, and what came of it. Written by `make prove`; nothing here is written by hand.
A line that could not be run says so and counts for nothing.

"""


def write(parts):
    results = [json.loads((OUT / f"{part}.json").read_text()) for part in parts if (OUT / f"{part}.json").exists()]
    rows = [row for result in results for row in result["rows"]]
    of = lambda verdict: [row for row in rows if row["verdict"] == verdict]
    text = HEAD + f"{len(of(PASSED))} lines passed, {len(of(FAILED))} failed, {len(of(NOT_RUN))} were not run.\n"
    for result in results:
        tools = ", ".join(f"{name} {version}" for name, version in sorted(result["tools"].items()))
        ran = f"{result['date']} UTC, commit `{result['commit']}`, {seconds(result['seconds'])}"
        text += f"\n## {title(result['part'])}\n\n" + lines(f"{ran}; {tools}." if tools else f"{ran}.") + "\n"
        text += "| what | | figure |\n| --- | --- | --- |\n"
        text += "".join(f"| {cell(row['what'])} | {row['verdict']} | {cell(row['figure'])} |\n" for row in result["rows"])
        text += "".join("\n" + lines(note) for note in result["notes"])
    absent = [part for part in parts if not (OUT / f"{part}.json").exists()]
    if absent:
        text += f"\nNot run at all: {', '.join(absent)}.\n"
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs/PROOF.md").write_text(text)


def title(part):
    import importlib
    return importlib.import_module(part).__doc__.splitlines()[0].rstrip(".")


def lines(text):
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def cell(text):
    # What a tool says may name folders of this machine.
    text = re.sub(r"(?<![\w.])/(?:[\w.+-]+/)+", "", str(text))
    return text.replace("|", "\\|").replace("\n", " ")


def seconds(number):
    return f"{number} s" if number < 100 else f"{number / 60:.0f} min"
