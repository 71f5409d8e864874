"""All mutants of the source in one build: each is a branch of its own, taken where the file `mutant` beside Cargo.toml
names it. Without that file every process adds to the file `reached` which branches it came by.

What to change comes from cargo-mutants; where an expression ends, from tree-sitter. A mutant that does not compile is
taken out again, by where the compiler's errors stand.
"""
import collections, json, re, subprocess

import tree_sitter, tree_sitter_rust

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
# What a mutant replaces with, and all that its branches are in: the compiler's errors are told by these.
BRANCH, WHOLE = "/*{0}<*/{1}/*>{0}*/", "(/*{0}[*/{1}/*]{0}*/)"
MARK = re.compile(r"/\*(?:(\d+)([<\[])|([>\]])(\d+))\*/")

CHOICE = """
/// Whether this mutant is what is tried now.
#[doc(hidden)]
pub fn mutant(number: usize) -> bool {
    use std::{fs, io::Write, sync::LazyLock, sync::atomic::{AtomicBool, Ordering}};
    static CHOSEN: LazyLock<Option<usize>> = LazyLock::new(|| fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/mutant")).ok()?.trim().parse().ok());
    static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
    if CHOSEN.is_none() && !REACHED[number].swap(true, Ordering::Relaxed) {
        let file = fs::OpenOptions::new().append(true).create(true).open(concat!(env!("CARGO_MANIFEST_DIR"), "/reached"));
        let _ = file.and_then(|mut file| file.write_all(format!("{number}\\n").as_bytes()));
    }
    *CHOSEN == Some(number)
}
"""


def build(source, mutants, env, say):
    """Writes the mutants into the source, as many as compile; answers the numbers of these."""
    originals = {file: (source / file).read_bytes() for file in {mutant["file"] for mutant in mutants}}
    library = source / "src/lib.rs"
    library.write_text("#![allow(arithmetic_overflow, unconditional_panic)]\n" + library.read_text() + CHOICE.replace("COUNT", str(len(mutants))))
    alive = {number for number, mutant in enumerate(mutants) if placed(originals[mutant["file"]], mutant)}
    while True:
        for file, text in originals.items():
            there = [(number, mutants[number]) for number in sorted(alive) if mutants[number]["file"] == file]
            (source / file).write_bytes(File(text, there).render().encode())
        to_blame = blamed(source, env)
        if not to_blame:
            return alive
        say(f"{len(to_blame)} mutants do not compile")
        alive -= to_blame


def placed(text, mutant):
    return bool(File(text, [(0, mutant)]).at)


class File:
    def __init__(self, text, mutants):
        self.text, self.at = text, collections.defaultdict(list)
        lines = [0]
        for line in text.decode().splitlines(keepends=True):
            lines.append(lines[-1] + len(line.encode()))
        split = text.decode().splitlines(keepends=True)
        place = lambda it: lines[it["line"] - 1] + len(split[it["line"] - 1][:it["column"] - 1].encode()) if it["line"] <= len(split) else lines[-1]
        self.tree = PARSER.parse(text)
        for number, mutant in mutants:
            start, end = place(mutant["span"]["start"]), place(mutant["span"]["end"])
            node = self.node(mutant, start, end)
            if node:
                self.at[node.id].append((number, mutant, start, end))

    def node(self, mutant, start, end):
        """What the mutant is a variant of."""
        genre, node = mutant["genre"], self.tree.root_node.descendant_for_byte_range(start, end)
        climb = {
            "FnValue": lambda it: it.type == "block" and it.parent.type == "function_item",
            "BinaryOperator": lambda it: it.type in ("binary_expression", "compound_assignment_expr", "let_chain"),
            "UnaryOperator": lambda it: it.type == "unary_expression",
            "MatchArm": lambda it: it.type == "match_arm",
            "MatchArmGuard": lambda it: it.parent.type == "match_pattern" and it.parent.child_by_field_name("condition") == it,
            "StructField": lambda it: it.type == "struct_expression",
        }[genre]
        while node and not climb(node):
            node = node.parent
        if genre == "FnValue" and re.match("-> impl ", mutant["function"]["return_type"]):
            return None  # Two types in one place.
        if not node or "let_condition" in {child.type for child in node.children} | {node.type}:
            return None
        if genre != "MatchArm":
            return node
        # Another arm must take what this one leaves.
        patterns = {arm.child_by_field_name("pattern").text for arm in node.parent.named_children if arm.type == "match_arm" and arm != node}
        return node.child_by_field_name("pattern") if b"_" in patterns else None

    def render(self, node=None):
        node = node or self.tree.root_node
        text, place = "", node.start_byte if node.parent else 0
        for child in node.children:
            text += self.text[place:child.start_byte].decode() + self.render(child)
            place = child.end_byte
        text += self.text[place:node.end_byte if node.parent else len(self.text)].decode()
        mutants = self.at.get(node.id)
        return self.with_branches(node, text, mutants) if mutants else text

    def with_branches(self, node, text, mutants):
        genre = mutants[0][1]["genre"]
        if genre == "FnValue":
            returns = "".join(f"if crate::mutant({number}) {{ {BRANCH.format(number, 'return ' + mutant['replacement'])}; }}" for number, mutant, _, _ in mutants)
            return "{" + returns + text[1:]
        if genre == "MatchArm":
            number, condition = mutants[0][0], node.child_by_field_name("condition")
            chosen = BRANCH.format(number, f"!crate::mutant({number})")
            if not condition:
                return f"{text} if {chosen}"
            whole = self.render(condition)
            return text[:len(text) - len(whole)] + f"{chosen} && ({whole})"
        branches = "".join(f"if crate::mutant({number}) {{ {BRANCH.format(number, self.variant(node, *span, mutant))} }} else " for number, mutant, *span in mutants)
        return WHOLE.format(mutants[0][0], f"{branches}{{ {text} }}")

    def variant(self, node, start, end, mutant):
        return (self.text[node.start_byte:start] + mutant["replacement"].encode() + self.text[end:node.end_byte]).decode()


def blamed(source, env):
    """The mutants at which the compiler's errors stand."""
    ran = subprocess.run(["cargo", "check", "--quiet", "--locked", "--lib", "--message-format=json"], cwd=source, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found, strange = set(), []
    for line in ran.stdout.splitlines():
        message = json.loads(line).get("message", {})
        if message.get("level") != "error" or not message.get("spans"):
            continue
        at = {number for span in message["spans"] if span["is_primary"] for number in around(source, span)}
        if not at:
            at = {number for span in message["spans"] for number in around(source, span)}
        found |= at
        strange += [] if at else [message["rendered"]]
    if ran.returncode and not found:
        raise RuntimeError("the source with its mutants does not compile: " + "\n".join(strange)[:4000])
    return found


def around(source, span):
    """The mutant whose branch this is in, else those of the innermost expression, else those that are in it."""
    while span.get("expansion"):
        span = span["expansion"]["span"]
    text = (source / span["file_name"]).read_bytes().decode()
    start, end = (len(text.encode()[:span[place]].decode()) for place in ("byte_start", "byte_end"))
    open_ = []
    for mark in MARK.finditer(text):
        if mark.start() >= start:
            break
        if mark[1]:
            open_.append((mark[2], int(mark[1]), mark.end()))
        else:
            open_.pop()
    if open_:
        kind, number, begins = open_[-1]
        # Of an expression, the variants stand before what was there.
        return {number} if kind == "<" else {int(it[1]) for it in MARK.finditer(text, begins, start) if it[2] == "<"} or {number}
    return {int(mark[1]) for mark in MARK.finditer(text, start, end) if mark[1]}
