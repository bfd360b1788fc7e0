"""Who may import whom, and what `import cmtmed` may load: read from the code itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cmtmed

PACKAGE = Path(cmtmed.__file__).parent

# From left to right: a module may import from its own layer's package and from any layer before it.
LAYERS = (
    ("_version",),
    ("errors",),
    ("resources",),
    ("schema",),
    ("artifacts",),
    ("messages",),
    ("text",),
    ("dedup", "anonymize", "inquiry"),
    ("stage",),
    ("stages", "stats", "source"),
    ("lineage",),
    ("pipeline",),
    ("io", "views"),
    ("builds",),
    ("engine",),
    ("hub", "report"),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ASIDE = {"training", "feedback", "evaluate"}
"""Know ``schema`` and ``views`` only: the Arrow files are the interface."""
KNOWN_ASIDE = {"schema", "artifacts", "views", "errors", "resources", "inquiry"}
"""``inquiry``, because what a model says can be rewarded for asking."""

ONLY_IN = {
    "torch": {"training", "evaluate"},
    "transformers": {"training", "evaluate"},
    "trl": {"training", "evaluate"},
    "peft": {"training", "evaluate"},
    "datasets": {"views", "hub", "training", "evaluate"},
    "huggingface_hub": {"hub"},
    "mlcroissant": {"hub"},
    "altair": {"hub", "report"},
    "jinja2": {"hub", "report"},
    "vl_convert": {"hub", "report"},
    "ray": {"engine"},
    "jieba": {"text"},
    "opencc": {"text"},
    "datasketch": {"dedup"},
    "presidio_analyzer": {"anonymize"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path):
    """Yield the dotted name of everything a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def part(path):
    """Return the part of the library that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def inside(name):
    return name.split(".")[1] if name.startswith("cmtmed.") else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_left(path):
    own = part(path)
    if own == "__init__":
        return  # the public face may name anything
    assert own in RANK or own in ASIDE, f"{own} stands in no layer; add it to LAYERS"
    for name in imports(path):
        other = inside(name)
        if other is None or other == own:
            continue
        if own in ASIDE:
            assert other in KNOWN_ASIDE | ASIDE, f"{own} must not import {name}"
        elif other in ASIDE:
            assert own in LAYERS[-1], f"{own} must not import {name}"
        else:
            assert RANK[other] < RANK[own], f"{own} must not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_stay_where_they_belong(path):
    for name in imports(path):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or part(path) in allowed or part(path) == "__init__", f"{name} in {path.name}"


def test_stages_do_not_import_one_another():
    for path in (PACKAGE / "stages").glob("*.py"):
        if path.name != "__init__.py":
            assert not [name for name in imports(path) if name.startswith("cmtmed.stages")], path.name


@pytest.mark.parametrize(
    "statement",
    [
        "import cmtmed",
        "import cmtmed; cmtmed.Pipeline.load('cmtmedqa')",
        "import cmtmed; cmtmed.build",
        "import cmtmed; cmtmed.publish",
    ],
)
def test_import_is_light(statement):
    heavy = "torch transformers trl peft ray datasets jieba opencc numba datasketch pandas presidio_analyzer spacy"
    heavy += " tensorboard matplotlib altair jinja2 mlcroissant vl_convert huggingface_hub"
    code = f"{statement}\nimport sys\nprint(*[name for name in '{heavy}'.split() if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_public_face_is_sorted_and_whole():
    assert cmtmed.__all__ == sorted(cmtmed.__all__)
    for name in cmtmed.__all__:
        assert getattr(cmtmed, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'bild'"):
        _ = cmtmed.bild
