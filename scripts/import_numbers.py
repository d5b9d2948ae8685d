"""The import graph of our modules: depth, cycles, fan-out and fan-in.

Only what runs when a module is imported counts: not what stands in functions or under TYPE_CHECKING.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache

from scripts.source_numbers import Source, as_module

Graph = dict[str, set[str]]


def graph(files: list[Source]) -> Graph:
    """module -> modules of ours that it imports at its top level."""
    modules = {as_module(f.path) for f in files}
    return {as_module(f.path): {found for name in imported(f.tree.body) if (found := nearest(name, modules))}
            for f in files}


def nearest(name: str, modules: set[str]) -> str:
    """`core.events.event.Born` is the module core.events.event; "" where the name is not ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def imported(body: list[ast.stmt]) -> Iterator[str]:
    """Dotted names that the statements import when they run at module level."""
    for node in body:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.If(test=test, body=inner, orelse=other):
                if "TYPE_CHECKING" not in ast.unparse(test):
                    yield from imported(inner)
                yield from imported(other)
            case ast.Try(body=inner, orelse=other):
                yield from imported([*inner, *other])


def cycles(modules: Graph) -> list[list[str]]:
    """Groups of modules that import each other (strongly connected, Tarjan), the largest first."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(modules[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module):]
            del stack[stack.index(module):]
            if len(group) > 1:
                groups.append(group)

    for module in sorted(modules):
        if module not in index:
            visit(module)
    return sorted(groups, key=len, reverse=True)


def depth_and_cycles(files: list[Source]) -> str:
    modules = graph(files)
    found = cycles(modules)
    if found:
        return f"depth not defined, {len(found)} cycles: {' '.join(found[0])}"

    @cache
    def depth(module: str) -> int:
        return 1 + max((depth(other) for other in modules[module]), default=0)

    deepest = max(modules, key=depth)
    return f"depth {depth(deepest)} ({deepest}), 0 cycles"


def fans(files: list[Source]) -> str:
    modules = graph(files)
    widest = max(modules, key=lambda m: len(modules[m]))
    used = Counter(other for others in modules.values() for other in others)
    name, count = used.most_common(1)[0]
    return f"out {len(modules[widest])} ({widest}), in {count} ({name})"
