"""What can be counted in the source without running it: lengths, depths, docstrings, comments, duplicates.

Every function takes the parsed files and returns a line of numbers; `scripts.numbers` prints them beside their aims.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("core", "dfl_tui")
LONG_FILE = 400
LONG_FUNCTION = 50
DEEP = 4
MANY_PARAMETERS = 6
DUPLICATE_LINES = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


@dataclass(frozen=True)
class Source:
    """One Python file, read and parsed."""

    path: str            # relative to the checkout
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> list[Function]:
        return [n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def code_lines(self) -> int:
        return sum(1 for line in self.lines if line.strip() and not line.strip().startswith("#"))

    @cached_property
    def comment_lines(self) -> int:
        return sum(1 for line in self.lines if line.strip().startswith("#"))


def sources(root: Path, folders: tuple[str, ...] = PACKAGES) -> list[Source]:
    """All Python files of `folders` below `root`, sorted."""
    return [Source(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
            for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def size_of_code(files: list[Source]) -> str:
    return f"{len(files)} modules, {sum(f.code_lines for f in files):,} lines"


def file_lengths(files: list[Source]) -> str:
    lengths = [len(f.lines) for f in files if f.text.strip()]
    longest = max(files, key=lambda f: len(f.lines))
    p90 = quantiles(lengths, n=10)[-1]
    return f"median {median(lengths):.0f}, p90 {p90:.0f}, longest {len(longest.lines)} ({longest.path})"


def long_files(files: list[Source]) -> str:
    long = [f for f in files if len(f.lines) > LONG_FILE]
    return f"{len(long)} ({len(long) / len(files):.1%})" + "".join(f" {f.path}" for f in long)


def function_lengths(files: list[Source]) -> str:
    lengths = {f"{f.path}:{d.lineno} {d.name}": (d.end_lineno or d.lineno) - d.lineno + 1
               for f in files for d in f.functions}
    long = [length for length in lengths.values() if length > LONG_FUNCTION]
    longest = max(lengths, key=lambda name: lengths[name])
    share = len(long) / len(lengths)
    return f"median {median(lengths.values()):.0f}, {len(long)} above {LONG_FUNCTION} ({share:.1%}), " \
           f"longest {lengths[longest]} ({longest})"


def depth(node: ast.AST) -> int:
    """Branches inside each other below `node`; an elif is no deeper than its if, a nested function begins anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BRANCHES) and not is_elif))
    return deepest


def deep_branches(files: list[Source]) -> str:
    deep = [f"{f.path}:{d.lineno} {d.name}" for f in files for d in f.functions if depth(d) > DEEP]
    return " ".join([str(len(deep)), *deep])


def parameter_counts(files: list[Source]) -> str:
    many = []
    for f in files:
        for d in f.functions:
            count = len([*d.args.posonlyargs, *d.args.args, *d.args.kwonlyargs])
            if count - (d.args.args[:1] != [] and d.args.args[0].arg in ("self", "cls")) > MANY_PARAMETERS:
                many.append(f"{f.path}:{d.lineno} {d.name}")
    return " ".join([str(len(many)), *many])


def comments(files: list[Source]) -> str:
    share = sum(f.comment_lines for f in files) / sum(f.code_lines for f in files)
    # an issue number makes a TODO findable: TODO(#12)
    todos = [f"{f.path}:{n}" for f in files for n, line in enumerate(f.lines, 1)
             if re.search(r"\bTODO\b(?!\s*\(?#\d)", line)]
    return " ".join([f"{share:.1%}, {len(todos)} TODO without an issue", *todos])


def exceptions_to_the_rules(files: list[Source]) -> str:
    """Broad excepts, asserts, `type: ignore`, `noqa`; each counted, and listed with its place."""
    found: dict[str, list[str]] = {"broad except": [], "assert": [], "type: ignore": [], "noqa": []}
    for f in files:
        for node in ast.walk(f.tree):
            if isinstance(node, ast.ExceptHandler) and is_broad(node):
                found["broad except"].append(f"{f.path}:{node.lineno}")
            elif isinstance(node, ast.Assert):
                found["assert"].append(f"{f.path}:{node.lineno}")
        for number, comment in comments_of(f.text):
            for word in ("type: ignore", "noqa"):
                if word in comment:
                    found[word].append(f"{f.path}:{number}")
    return "; ".join(" ".join([f"{len(places)} {name}", *places]) for name, places in found.items())


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(isinstance(n, ast.Name) and n.id in ("Exception", "BaseException")
                                       for n in ast.walk(handler.type))


def comments_of(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each comment; a '#' inside a string is none."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def duplicated_runs(files: list[Source]) -> str:
    """Identical runs of at least DUPLICATE_LINES normalised lines (tokens, names kept) that begin in two places."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for f in files:
        lines = list(normalised(f.text))
        for start in range(len(lines) - DUPLICATE_LINES + 1):
            run = tuple(text for _, text in lines[start:start + DUPLICATE_LINES])
            places[run].append(f"{f.path}:{lines[start][0]}")
    twice = [where for where in places.values() if len(where) > 1]
    # a longer duplicate shows as many overlapping runs: only the first of each pair of files and gap is told
    told: dict[tuple[str, ...], str] = {}
    for where in twice:
        told.setdefault(tuple(sorted({w.partition(":")[0] for w in where})), " = ".join(where))
    return " ".join([str(len(told)), *told.values()])


def normalised(text: str) -> Iterator[tuple[int, str]]:
    """Line number and tokens of each line that says something; imports and closing brackets say nothing here."""
    by_line: dict[int, list[str]] = defaultdict(list)
    skip = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skip:
            by_line[token.start[0]].append(token.string)
    for number, tokens in sorted(by_line.items()):
        line = " ".join(tokens)
        if tokens[0] not in ("import", "from") and re.search(r"\w{2}", line) and not re.fullmatch(r"\w+ ,?", line):
            yield number, line


def undocumented(files: list[Source]) -> str:
    """Functions and classes without a docstring that another folder imports by name."""
    used = {(node.module, alias.name) for f in files for node in ast.walk(f.tree)
            if isinstance(node, ast.ImportFrom) and node.module and folder(f.path) != folder(as_path(node.module))
            for alias in node.names}
    missing = [f"{f.path}:{d.lineno} {d.name}" for f in files for d in f.tree.body
               if isinstance(d, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
               and (as_module(f.path), d.name) in used and ast.get_docstring(d) is None]
    return " ".join([str(len(missing)), *missing])


def as_module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def as_path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def folder(path: str) -> str:
    """core/store/blob.py -> core/store; dfl_tui is one folder."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "core" else parts[0]
