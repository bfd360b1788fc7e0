"""The plan of a build: everything that decides what it contains, and what a change of it is called.

An interrupted build resumes only with the same plan, so that no dataset mixes the work of two.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from cmtmed.artifacts import HashedFile
from cmtmed.builds.manifest import library_versions
from cmtmed.io.selection import Selection
from cmtmed.pipeline import Pipeline

Plan = Mapping[str, object]
"""JSON values by name."""

_PACKAGE: Final = Path(__file__).parents[1]
_MAX_CHANGES: Final = 5
_MAX_VALUE: Final = 40


def plan_datasets(pipeline: Pipeline, inputs: Sequence[HashedFile], selection: Selection | None) -> dict[str, object]:
    """Describe everything that determines the content of the datasets, and nothing else."""
    hashed = [asdict(file) for file in inputs]
    plan: dict[str, object] = {"pipeline": pipeline.fingerprint(), "inputs": hashed, "versions": library_versions()}
    return plan if selection is None else {**plan, "selection": selection.model_dump()}


def plan_workspace(datasets: Plan, pipeline: Pipeline, engine: str, secrets: Mapping[str, str]) -> Plan:
    """Add what decides whether an interrupted build resumes, but is not part of anything published.

    Args:
        datasets: result of `plan_datasets`.
        pipeline: the pipeline; its options tell what has changed when its fingerprint has.
        engine: name of the engine.
        secrets: what `cmtmed.stage.AnyStage.check_requirements` returned, by stage.
    """
    options = pipeline.model_dump(mode="json", exclude={"description", "stages"})
    options["stages"] = {stage.name(): stage.options() for stage in pipeline.stages}
    plan = {
        **datasets,
        "options": options,
        "engine": engine,
        "secrets": dict(secrets),
        "libraries": list_library_versions(),
        "code": hash_code(pipeline),
    }
    normalized: Plan = json.loads(json.dumps(plan))
    return normalized


def hash_plan(plan: Plan) -> str:
    """Return a SHA-256 of a plan."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def list_library_versions() -> dict[str, str]:
    """Return the versions of all libraries that cmtmed needs, also of those that should not change a row."""
    try:
        requirements = requires("cmtmed") or []
    except PackageNotFoundError:
        return {}
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in requirements if "extra ==" not in requirement}
    versions = {}
    for name in sorted(names):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def hash_code(pipeline: Pipeline) -> str:
    """Return a SHA-256 of the library's files, and of the modules that the pipeline's other stages come from."""
    files = {path for path in _PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    for stage in pipeline.stages:
        try:
            files.add(Path(inspect.getfile(type(stage))))
        except (TypeError, OSError):
            continue  # a class of an interactive session, which ends with its process
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            name = path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def describe_changes(earlier: Plan, plan: Plan) -> list[str]:
    """Name what differs between two plans: options, inputs, versions, keys; the first few of them.

    >>> describe_changes({"engine": "local", "secrets": {"redact_identifiers": "a"}}, {"engine": "ray", "secrets": {}})
    ['another engine (local → ray)', 'another key of stage redact_identifiers']
    """
    if not earlier:
        return ["a plan that cannot be read"]
    changes = list(_iter_changes(earlier, plan))
    hidden = len(changes) - _MAX_CHANGES
    if hidden > 0:
        return [*changes[:_MAX_CHANGES], f"and {hidden} more changes"]
    return changes or ["another form of plan"]


def _iter_changes(earlier: Plan, plan: Plan) -> Iterator[str]:
    options = list(_iter_differences(earlier.get("options"), plan.get("options"), ()))
    for path, values in options:
        yield f"the option {'.'.join(path)} ({values})"
    if earlier.get("pipeline") != plan.get("pipeline") and not options:
        yield "another pipeline"
    yield from _iter_changed_inputs(earlier.get("inputs"), plan.get("inputs"))
    for path, values in _iter_differences(earlier.get("selection"), plan.get("selection"), ()):
        yield f"another selection of records ({'.'.join(path) or '--limit or --sample'}: {values})"
    names: dict[tuple[str, ...], str] = {}
    for key in ("versions", "libraries"):
        names.update(_iter_differences(earlier.get(key), plan.get(key), ()))
    for path, values in names.items():
        yield f"another version of {'.'.join(path)} ({values})"
    for _, values in _iter_differences(earlier.get("engine"), plan.get("engine"), ()):
        yield f"another engine ({values})"
    for path, _ in _iter_differences(earlier.get("secrets"), plan.get("secrets"), ()):
        yield f"another key of stage {'.'.join(path)}"
    if earlier.get("code") != plan.get("code"):
        yield "changed code of cmtmed or of a stage"


def _iter_differences(first: object, second: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and values of every leaf that differs between two JSON values."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            yield from _iter_differences(first.get(key), second.get(key), (*path, key))
    elif first != second:
        yield path, f"{_shorten(first)} → {_shorten(second)}"


def _shorten(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"


def _iter_changed_inputs(first: object, second: object) -> Iterator[str]:
    earlier, current = _index_inputs(first), _index_inputs(second)
    for path in sorted({*earlier, *current}):
        if path not in current:
            yield f"input {path!r} is no longer there"
        elif path not in earlier:
            yield f"input {path!r} is new"
        elif earlier[path] != current[path]:
            yield f"input {path!r} changed"
    if first != second and earlier == current:
        yield "another order of the inputs"


def _index_inputs(inputs: object) -> dict[str, object]:
    files = inputs if isinstance(inputs, list) else []
    return {str(file["path"]): file for file in files if isinstance(file, dict) and "path" in file}
