"""Figures about the code itself: how it names things, how its modules hang together, how much of it is repeated.

``python tests/code_metrics.py [ROOT]`` prints them for the working tree, or for another checkout, so that two states can
be compared. ``tests/test_words.py`` holds the figures that must not rise.
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
"""Locals and parameters that do not say what they hold."""

PARTICIPLE = re.compile(
    r"_*(?:[a-z]+?(?:ed|ing)|"
    r"begun|borne|broken|built|caught|chosen|drawn|driven|fallen|found|given|gone|held|hidden|kept|known|laid|learnt|"
    r"left|lost|made|meant|met|mixed|seen|sent|shown|sorted|spoken|standing|staged|stuck|taken|taught|"
    r"thrown|told|understood|won|worn|written)(?:_|$)"
)
"""Names that begin with a participle say nothing of who does what."""

NO_PARTICIPLES = frozenset(
    {"embed", "feed", "need", "seed", "speed", "string", "ring", "bring", "thing", "setting", "embedding", "timing"}
    | {"encoding", "training", "ranking", "rating", "reading", "opening", "ending", "packing", "parsing", "sibling"}
    | {"heading", "finding", "warning", "feeding", "shed", "red"}
)
"""End like participles and are verbs, or nouns of the field."""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions and classes defined in it."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names of a function's parameters and of everything that it assigns."""
    names = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names - {"self", "cls", "_"}


def begins_with_participle(name: str) -> bool:
    """Say whether a function's name begins with a participle."""
    match = PARTICIPLE.match(name)
    return match is not None and name.strip("_").split("_")[0] not in NO_PARTICIPLES


def module_name(path: Path, root: Path) -> str:
    """Return the dotted name of a module file."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, modules: set[str]) -> set[str]:
    """Return which modules of the library a file imports, wherever the import stands and whatever it is for."""
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


def import_circles(root: Path) -> list[list[str]]:
    """Return groups of modules that import one another in a circle (Tarjan's strongly connected components)."""
    files = {module_name(path, root): path for path in sorted((root / "cmtmed").rglob("*.py"))}
    del files["cmtmed"]  # the public face names anything, and loads it when it is first used
    edges = {name: imports(path, set(files)) - {name} for name, path in files.items()}
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles = []

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
                circles.append(sorted(members))

    for name in edges:
        if name not in order:
            visit(name)
    return circles


def duplicate_blocks(files: list[Path], lines: int = 6) -> int:
    """Return how many blocks of consecutive lines stand in more than one place; imports and blanks do not count."""
    seen: dict[tuple[str, ...], set[tuple[Path, int]]] = defaultdict(set)
    for path in files:
        text = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        text = [line for line in text if line and not line.startswith(("import ", "from ", "#"))]
        for index in range(len(text) - lines + 1):
            window = tuple(text[index : index + lines])
            if sum(len(line) for line in window) > 20 * lines:
                seen[window].add((path, index))
    repeated = {position for positions in seen.values() if len(positions) > 1 for position in positions}
    # Overlapping windows are one block.
    return sum((path, index - 1) not in repeated for path, index in repeated)


def measure(root: Path) -> dict[str, float | int]:
    """Return all figures of a checkout."""
    files = [path for folder in CODE for path in sorted((root / folder).rglob("*.py"))]
    package = [path for path in files if path.is_relative_to(root / "cmtmed")]
    names: Counter[bool] = Counter()
    participles: Counter[bool] = Counter()
    for path in files:
        for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
            participles[begins_with_participle(function.name)] += 1
            names.update(name in FILLERS for name in local_names(function))
    texts = [path.read_text(encoding="utf-8") for path in package]
    return {
        "functions": participles.total(),
        "locals and parameters": names.total(),
        "filler names, %": round(100 * names[True] / names.total(), 1),
        "functions that begin with a participle, %": round(100 * participles[True] / participles.total(), 1),
        "import circles": len(import_circles(root)),
        "Any": sum(len(re.findall(r"\bAny\b", text)) for text in texts),
        "noqa": sum(text.count("# noqa") for text in texts),
        "type: ignore": sum(text.count("# type: ignore") for text in texts),
        "modules": len(package),
        "modules over 250 lines": sum(text.count("\n") > 250 for text in texts),
        "blocks of six lines that stand twice": duplicate_blocks(files),
    }


if __name__ == "__main__":
    checkout = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    for figure, value in measure(checkout).items():
        print(f"{figure:45} {value}")
