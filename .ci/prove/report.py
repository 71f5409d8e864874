"""Writes docs/PROOF.md: the parts that ran now from their results, the others as they stand there."""
import json, re, textwrap

from common import FAILED, NOT_RUN, OUT, PASSED, ROOT

PAGE = ROOT / "docs/PROOF.md"
HEAD = """\
# Proof

What was run against this source, and what came of it. Written by `make prove`; nothing here is written by hand.
A line that could not be run says so and counts for nothing.

"""


def write(parts, ran):
    stands = re.split(r"^## ", PAGE.read_text().split("\nNot run at all")[0], flags=re.M)[1:] if PAGE.exists() else []
    stands = {section.split("\n", 1)[0]: section for section in stands}
    of = lambda part: section(json.loads((OUT / f"{part}.json").read_text())) if part in ran else stands.get(title(part))
    sections = [it.strip() for it in map(of, parts) if it]
    count = lambda verdict: sum(len(re.findall(rf"^\| .* \| {verdict} \| ", it, re.M)) for it in sections)
    text = HEAD + f"{count(PASSED)} lines passed, {count(FAILED)} failed, {count(NOT_RUN)} were not run.\n"
    text += "".join(f"\n## {it}\n" for it in sections)
    absent = [part for part in parts if not of(part)]
    if absent:
        text += f"\nNot run at all: {', '.join(absent)}.\n"
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)


def section(result):
    tools = ", ".join(f"{name} {version}" for name, version in sorted(result["tools"].items()))
    ran = f"{result['date']} UTC, commit `{result['commit']}`, {seconds(result['seconds'])}"
    text = f"{title(result['part'])}\n\n" + lines(f"{ran}; {tools}." if tools else f"{ran}.") + "\n"
    text += "| what | | figure |\n| --- | --- | --- |\n"
    text += "".join(f"| {cell(row['what'])} | {row['verdict']} | {cell(row['figure'])} |\n" for row in result["rows"])
    return text + "".join("\n" + lines(note) for note in result["notes"])


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
