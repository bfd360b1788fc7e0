"""Provenance of a model, beside its weights: ``training.json``.

It names the stages, what each of them learnt from, and every file with its checksum, so that whoever publishes the
model can say so. It holds no path of this machine and no text; ``run.json``, which stays here, has the paths.

The model that a run begins with is examined when the run starts and written down then: later it may have moved, or be
another.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

from pydantic import JsonValue

from cmtmed.artifacts import CARD_FILE, RUN_FILE, TRAINING_FILE, TRAINING_FORMAT, HashedFile, read_json, write_json
from cmtmed.errors import DatasetError
from cmtmed.training.run.record import Origin, RunRecord, SourceRecord, StageRecord

VERSION: Final = 1
_MODEL_DIRS: Final = (("model",), ("adapter",), ("checkpoints", "*"))
"""Directories of a run that hold a model, too."""
_CHECKPOINT_FILES: Final = ("complete.json", "trainer_state.json")
_UNKNOWN_STAGE: Final[StageRecord] = {
    "stage": "unknown", "fingerprint": "", "lora": None, "settings": {}, "sources": [], "results": {}, "versions": {}
}  # fmt: skip


def read_origin(model: str) -> Origin:
    """Return what is known about a model that a run begins with.

    Args:
        model: a name, or the directory of a model, a run, or a checkpoint of a run.

    Raises:
        DatasetError: what the directory says of itself is damaged, or its weights are not as its training wrote them.
    """
    path = Path(model)
    if not path.is_dir():
        return {"base": model, "stages": [], "files": ""}
    resolved = path.resolve()
    if (resolved / RUN_FILE).is_file():
        record = RunRecord.read(resolved)
        _check_parent(resolved, record)
        return _read_training_file(record.weights_dir(resolved)) or _describe_run(resolved, record)
    origin = _read_training_file(resolved)
    if origin is not None:
        return origin
    for depth, folder in enumerate(resolved.parents[: len(_MODEL_DIRS[-1])], start=1):
        inner = resolved.parts[-depth:]
        if (folder / RUN_FILE).is_file() and any(_matches(inner, pattern) for pattern in _MODEL_DIRS):
            return _describe_run(folder, RunRecord.read(folder))
    is_checkpoint = any((resolved / name).is_file() for name in _CHECKPOINT_FILES)
    return {"base": "", "stages": [_UNKNOWN_STAGE] if is_checkpoint else [], "files": ""}


def is_same_origin(first: object, second: object) -> bool:
    """Whether two origins or lists of sources are of the same things, wherever these are now."""
    return bool(_strip_circumstances(first) == _strip_circumstances(second))


def write_provenance(folder: Path, root: Path, record: RunRecord, *, adapter: bool) -> None:
    """Write down what the model in a directory was made of.

    Args:
        folder: holds the model, or will.
        root: the finished run whose model it is.
        record: of that run.
        adapter: whether the directory holds an adapter, not all weights.

    Raises:
        DatasetError: what the run's weights say of themselves is damaged.
    """
    weights = record.weights_dir(root)
    origin = (_read_training_file(weights) if folder != weights else None) or _describe_run(root, record)
    model_type = "reward" if record.stage == "reward" else "language"
    _write_training_file(folder, model_type, origin, adapter=adapter)


def write_tokenizer_provenance(folder: Path, sources: list[SourceRecord]) -> None:
    """Write down that the tokenizer of a model with random weights was made from texts: it may hold some of them."""
    versions = {name: version(name) for name in ("cmtmed", "tokenizers", "transformers")}
    stage: StageRecord = {
        **_UNKNOWN_STAGE,
        "stage": "tokenizer",
        "sources": _strip_paths(sources),
        "versions": versions,
    }
    _write_training_file(folder, "language", {"base": "", "stages": [stage], "files": ""}, adapter=False)


def check_weights(root: Path, record: RunRecord) -> None:
    """Check that a run's weights, and the model that they are built on, are those of its training.

    Raises:
        DatasetError: they were changed since, or are damaged.
    """
    _read_training_file(record.weights_dir(root))
    _check_parent(root, record)


def _check_parent(root: Path, record: RunRecord) -> None:
    """Raise if an adapter lies on other weights than those that it was trained on: there it means nothing."""
    if record.origin is None or record.below is None or not record.adapter:
        return
    parent = root / record.below
    if parent.is_dir() and not is_same_origin(read_origin(str(parent)), record.origin):
        raise DatasetError(f"what {str(root)!r} was built on has changed since ({record.below}); train it again")


def _describe_run(root: Path, record: RunRecord) -> Origin:
    """Return base and stages of a run from what it wrote down when it began, its own stage last."""
    origin = record.origin or _guess_origin(root, record)
    return {"base": origin["base"], "stages": [*origin["stages"], _describe_stage(record)], "files": ""}


def _guess_origin(root: Path, record: RunRecord) -> Origin:
    """Return what a run of the first release began with, as far as it can be told now."""
    if not record.below:
        return read_origin(record.model)
    parent = root / record.below
    if parent.is_dir() and parent.resolve() != root.resolve():
        return read_origin(str(parent))
    return {"base": "", "stages": [_UNKNOWN_STAGE], "files": ""}


def _describe_stage(record: RunRecord) -> StageRecord:
    return {
        "stage": record.stage,
        "fingerprint": record.fingerprint,
        "lora": record.lora_rank,
        "settings": record.card_settings,
        "sources": _strip_paths(record.sources or []),
        "results": dict(record.results),
        "versions": record.versions,
    }


def _strip_paths(sources: list[SourceRecord]) -> list[SourceRecord]:
    return [
        cast("SourceRecord", {name: value for name, value in source.items() if name != "path"}) for source in sources
    ]


def _read_training_file(folder: Path) -> Origin | None:
    """Return base, stages and digest of the files of a model, as its ``training.json`` has them; None without one.

    Raises:
        DatasetError: it is damaged, of a later version, or the files are not those that it lists.
    """
    path = folder / TRAINING_FILE
    if not path.is_file():
        return None
    try:
        content = read_json(path)
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise _damage_error(path)
    if content.get("format") != TRAINING_FORMAT:
        return None  # another program's file
    if content.get("version") != VERSION:
        raise DatasetError(f"{str(path)!r} has version {content.get('version')!r}; update cmtmed")
    base, stages, files = (content.get(name) for name in ("base", "stages", "files"))
    is_valid = isinstance(stages, list) and all(isinstance(stage, dict) and "stage" in stage for stage in stages)
    if not isinstance(base, str) or not is_valid or not isinstance(files, dict):
        raise _damage_error(path)
    present = _hash_files(folder)
    if any(present.get(name) != entry for name, entry in files.items()):
        raise DatasetError(f"the files in {str(folder)!r} are not as the training wrote them; train again")
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return {"base": base, "stages": cast("list[StageRecord]", stages), "files": digest}


def _write_training_file(folder: Path, model_type: str, origin: Origin, *, adapter: bool) -> None:
    content = {
        "format": TRAINING_FORMAT,
        "version": VERSION,
        "kind": model_type,
        "adapter": adapter,
        "base": origin["base"],
        "stages": origin["stages"],
        "files": _hash_files(folder),
    }
    write_json(folder / TRAINING_FILE, content)


def _hash_files(folder: Path) -> dict[str, dict[str, JsonValue]]:
    """Return size and SHA-256 of the files of a model, and of nothing that was written about it."""
    hashed = [
        HashedFile.of(file, folder)
        for file in sorted(folder.iterdir())
        if file.is_file() and file.name not in {TRAINING_FILE, CARD_FILE} and not file.name.startswith(".")
    ]
    return {file.path: {"bytes": file.bytes, "sha256": file.sha256} for file in hashed}


def _matches(inner: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(inner) == len(pattern) and all(
        expected in {name, "*"} for name, expected in zip(inner, pattern, strict=True)
    )


def _strip_circumstances(value: object) -> object:
    """Return an origin or sources without what changes when they are moved, renamed or trained again."""
    if isinstance(value, dict):
        ignored = {"path", "results", "name", "versions"}
        return {key: _strip_circumstances(entry) for key, entry in value.items() if key not in ignored}
    return [_strip_circumstances(entry) for entry in value] if isinstance(value, list) else value


def _damage_error(path: Path) -> DatasetError:
    return DatasetError(f"{str(path)!r} is damaged; train again into another out, or choose another model")
