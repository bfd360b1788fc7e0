"""Metrics of the code base: names, import cycles, typing, and repeated blocks.

``python tests/code_metrics.py [ROOT]`` prints them for the working tree, or for another checkout, so that two states can
be compared. ``tests/test_words.py`` limits those that must not rise.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ("cmtmed", "trainers", "examples", "benchmarks", "docs")

FILLERS = frozenset(
    [
        "again",
        "all_",
        "alone",
        "answered",
        "any_",
        "asked",
        "at",
        "back",
        "bad",
        "begun",
        "below",
        "beside",
        "besides",
        "both",
        "bound",
        "broken",
        "brought",
        "came",
        "carried",
        "caught",
        "chosen",
        "comes",
        "cut",
        "data_",
        "drawn",
        "each",
        "else",
        "enough",
        "every",
        "far",
        "few",
        "foo",
        "found",
        "fresh",
        "given",
        "goes",
        "gone",
        "good",
        "got",
        "held",
        "here",
        "how",
        "inside",
        "instead",
        "it",
        "its",
        "kept_",
        "kind",
        "kinds",
        "known",
        "laid",
        "learnt",
        "least",
        "left",
        "less",
        "made",
        "many",
        "meant",
        "mended",
        "met",
        "more",
        "most",
        "moved",
        "much",
        "named",
        "near",
        "none_",
        "now",
        "odd",
        "of",
        "off",
        "on",
        "one",
        "ones",
        "opened",
        "other_",
        "over",
        "own",
        "part",
        "parts",
        "piece",
        "pieces",
        "place",
        "placed",
        "places",
        "proper",
        "put",
        "read_",
        "real",
        "rehearsed",
        "rest",
        "said",
        "same",
        "say",
        "says",
        "seen",
        "sent",
        "shown",
        "shut",
        "small",
        "some",
        "staged",
        "stuck",
        "stuff",
        "taken",
        "tell",
        "tells",
        "that",
        "there",
        "these",
        "thing",
        "things",
        "this",
        "those",
        "tmp",
        "told",
        "took",
        "under",
        "up",
        "used",
        "wanted",
        "way",
        "ways",
        "went",
        "what",
        "where",
        "which",
        "who",
        "whole",
        "whom",
        "whose",
        "within",
        "worth",
        "written",
        "wrong",
    ]
)
"""Names of locals and parameters that do not say what they hold."""

PARTICIPLE = re.compile(
    r"_*(?:[a-z]+?(?:ed|ing)|"
    r"begun|borne|broken|built|caught|chosen|drawn|driven|fallen|found|given|gone|held|hidden|kept|known|laid|learnt|"
    r"left|lost|made|meant|met|mixed|seen|sent|shown|sorted|spoken|standing|staged|stuck|taken|taught|"
    r"thrown|told|understood|won|worn|written)(?:_|$)"
)
"""Function names that begin with a participle instead of a verb."""

NO_PARTICIPLES = frozenset(
    {"embed", "feed", "need", "seed", "speed", "string", "ring", "bring", "thing", "setting", "embedding", "timing"}
    | {"encoding", "training", "ranking", "rating", "reading", "opening", "ending", "packing", "parsing", "sibling"}
    | {"heading", "finding", "warning", "feeding", "shed", "red"}
)
"""Words that end like participles but are verbs or nouns."""


def iter_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def iter_own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function, except those of nested functions and classes."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def list_local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names of a function's parameters and of the variables that it assigns."""
    names = set()
    for node in iter_own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names - {"self", "cls", "_"}


def begins_with_participle(name: str) -> bool:
    """Return whether a function name begins with a participle."""
    match = PARTICIPLE.match(name)
    return match is not None and name.strip("_").split("_")[0] not in NO_PARTICIPLES


def module_name(path: Path, root: Path) -> str:
    """Return the dotted name of a module file."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, modules: set[str]) -> set[str]:
    """Return the modules of the library that a file imports, anywhere in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            names |= submodules
            if len(submodules) < len(node.names):
                names.add(node.module)
    return names & modules


def find_import_cycles(root: Path) -> list[list[str]]:
    """Return the import cycles: strongly connected components of more than one module (Tarjan 1972)."""
    files = {module_name(path, root): path for path in sorted((root / "cmtmed").rglob("*.py"))}
    del files["cmtmed"]  # loads the public names on first use
    edges = {name: imports(path, set(files)) - {name} for name, path in files.items()}
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    cycles = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in sorted(edges[name]):
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            members = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(members) > 1:
                cycles.append(sorted(members))

    for name in edges:
        if name not in order:
            visit(name)
    return cycles


def count_duplicate_blocks(files: list[Path], lines: int = 6) -> int:
    """Count blocks of consecutive lines that occur more than once, without imports, comments and blank lines."""
    positions_by_window: dict[tuple[str, ...], set[tuple[Path, int]]] = defaultdict(set)
    for path in files:
        text = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        text = [line for line in text if line and not line.startswith(("import ", "from ", "#"))]
        for index in range(len(text) - lines + 1):
            window = tuple(text[index : index + lines])
            if sum(len(line) for line in window) > 20 * lines:
                positions_by_window[window].add((path, index))
    repeated = {position for positions in positions_by_window.values() if len(positions) > 1 for position in positions}
    # Overlapping windows count as one block.
    return sum((path, index - 1) not in repeated for path, index in repeated)


def measure(root: Path) -> dict[str, float | int]:
    """Return all metrics of a checkout."""
    files = [path for folder in CODE for path in sorted((root / folder).rglob("*.py"))]
    package = [path for path in files if path.is_relative_to(root / "cmtmed")]
    names: Counter[bool] = Counter()
    participles: Counter[bool] = Counter()
    for path in files:
        for function in iter_functions(ast.parse(path.read_text(encoding="utf-8"))):
            participles[begins_with_participle(function.name)] += 1
            names.update(name in FILLERS for name in list_local_names(function))
    texts = [path.read_text(encoding="utf-8") for path in package]
    return {
        "functions": participles.total(),
        "locals and parameters": names.total(),
        "filler names, %": round(100 * names[True] / names.total(), 1),
        "functions that begin with a participle, %": round(100 * participles[True] / participles.total(), 1),
        "import cycles": len(find_import_cycles(root)),
        "Any": sum(len(re.findall(r"\bAny\b", text)) for text in texts),
        "noqa": sum(text.count("# noqa") for text in texts),
        "type: ignore": sum(text.count("# type: ignore") for text in texts),
        "modules": len(package),
        "modules over 250 lines": sum(text.count("\n") > 250 for text in texts),
        "blocks of six lines that occur twice": count_duplicate_blocks(files),
    }


if __name__ == "__main__":
    checkout = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    for figure, value in measure(checkout).items():
        print(f"{figure:45} {value}")
