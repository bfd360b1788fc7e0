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
    ("resources", "validation", "patterns", "private_files"),
    ("schema",),
    ("artifacts", "markdown", "yaml_files"),
    ("models",),
    ("text",),
    ("messages",),
    ("dedup", "anonymize", "inquiry"),
    ("stage",),
    ("stages", "stats", "source", "pipeline_file"),
    ("lineage", "source_checks"),
    ("pipeline",),
    ("io", "views"),
    ("inspection",),
    ("builds",),
    ("engine",),
    ("audit",),
    ("hub", "report"),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ASIDE = {"training"}
"""Outside the layers: the interface to a build is its Arrow files. Only the topmost layer may import it."""
KNOWN_ASIDE = {"_version", "schema", "artifacts", "models", "views", "errors", "resources", "inquiry"}
"""What the layers aside may import; ``inquiry``, because a model can be rewarded for asking."""

ONLY_IN = {
    "torch": {"training"},
    "transformers": {"training"},
    "trl": {"training"},
    "peft": {"training"},
    "datasets": {"views", "builds", "hub", "training"},
    "huggingface_hub": {"hub"},
    "mlcroissant": {"hub"},
    "altair": {"hub", "report"},
    "jinja2": {"hub", "report", "training"},
    "vl_convert": {"hub", "report"},
    "jieba": {"text"},
    "opencc": {"text"},
    "datasketch": {"dedup"},
    "presidio_analyzer": {"anonymize"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
EXISTING = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
"""Names of all folders and modules directly below the package."""
PUBLIC = "__init__"
"""The public face, which may name anything and which no module of the library imports."""


def list_imports(source, package):
    """Return the dotted names of everything a source text imports, wherever the import is.

    Args:
        source: the text of a module.
        package: dotted name of the package that the module is in; relative imports start from it.
    """
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            # A name of a package is a module of it, or something from its __init__.
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


def read_imports(path):
    package = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).parent.parts))
    return list_imports(path.read_text(encoding="utf-8"), package)


def layer_of(path):
    """Return the name of the layer that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_layer(name):
    """Return the layer that an imported name belongs to; None if it is not of this library."""
    package, *names = name.split(".")
    if package != PACKAGE.name:
        return None
    return names[0] if names and names[0] in EXISTING else PUBLIC


def find_violation(layer, name):
    """Say what is wrong with an import in a layer; None if nothing is."""
    target = imported_layer(name)
    if target is None or layer in {target, PUBLIC}:
        return None
    if target == PUBLIC:
        allowed = False
    elif layer in ASIDE:
        allowed = target in KNOWN_ASIDE | ASIDE
    elif target in ASIDE:
        allowed = layer in LAYERS[-1]
    else:
        allowed = RANK[target] < RANK[layer]
    return None if allowed else f"{layer} must not import {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_left(path):
    layer = layer_of(path)
    assert layer in RANK or layer in ASIDE or layer == PUBLIC, f"{layer} is in no layer; add it to LAYERS"
    assert [violation for name in read_imports(path) if (violation := find_violation(layer, name))] == []


@pytest.mark.parametrize(
    "statement",
    [
        "import cmtmed.hub",
        "import cmtmed.hub.upload as upload",
        "from cmtmed import hub",
        "from cmtmed import errors, hub",
        "from cmtmed.hub import upload",
        "from .. import hub",
        "from ..hub import upload",
        "from ..hub.upload import upload_files",
        "def load():\n    from cmtmed import hub",
        "if TYPE_CHECKING:\n    from cmtmed.hub import upload",
        "import cmtmed",
        "from cmtmed import publish",
    ],
)
def test_no_way_of_writing_an_import_escapes(statement):
    violations = [find_violation("io", name) for name in list_imports(statement, "cmtmed.io")]
    assert len([violation for violation in violations if violation]) == 1


def test_what_a_layer_may_import_is_no_violation():
    statements = (
        "from cmtmed import errors\nfrom . import inspect\nfrom ..pipeline import Pipeline\nimport cmtmed.schema"
    )
    names = list_imports(statements, "cmtmed.io")
    assert names == ["cmtmed.errors", "cmtmed.io.inspect", "cmtmed.pipeline.Pipeline", "cmtmed.schema"]
    assert [name for name in names if find_violation("io", name)] == []


def test_layers_name_what_exists():
    assert set(RANK) | ASIDE | {PUBLIC} == EXISTING
    assert KNOWN_ASIDE <= EXISTING
    assert set().union(*ONLY_IN.values()) <= EXISTING
    top_level = {name.split(".")[0] for path in FILES for name in read_imports(path)}
    assert set(ONLY_IN) <= top_level


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_stay_where_they_belong(path):
    layer = layer_of(path)
    for name in read_imports(path):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or layer in allowed or layer == PUBLIC, f"{name} in {path.name}"


def test_heavy_libraries_are_used_where_they_may_be():
    uses = {(name.split(".")[0], layer_of(path)) for path in FILES for name in read_imports(path)}
    unused = {(library, layer) for library, layers in ONLY_IN.items() for layer in layers} - uses
    assert unused == set()


def test_stages_do_not_import_one_another():
    for path in (PACKAGE / "stages").glob("*.py"):
        if path.name != "__init__.py":
            assert not [name for name in read_imports(path) if name.startswith("cmtmed.stages")], path.name


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
    heavy = "torch transformers trl peft datasets jieba opencc numba datasketch pandas presidio_analyzer spacy"
    heavy += " tensorboard matplotlib altair jinja2 mlcroissant vl_convert huggingface_hub"
    code = f"{statement}\nimport sys\nprint(*[name for name in '{heavy}'.split() if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_public_face_is_sorted_and_complete():
    assert cmtmed.__all__ == sorted(cmtmed.__all__)
    for name in cmtmed.__all__:
        assert getattr(cmtmed, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'bild'"):
        _ = cmtmed.bild
