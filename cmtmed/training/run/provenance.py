"""What a model was made of, beside its weights: ``training.json``.

It names the stages, what each of them learnt from, and every file with its checksum, so that whoever publishes the
model can say so. It holds no path of this machine and no text; ``run.json``, which stays here, has the paths.

What lies below a run is looked at when the run starts and written down then: later it may have moved, or be another.
"""

from __future__ import annotations

import hashlib
import json
import math
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError

if TYPE_CHECKING:
    from cmtmed.training.run.directory import Run

FILE: Final = "training.json"
FORMAT: Final = "cmtmed.training"
VERSION: Final = 1
TOLD: Final = (
    "learning_rate",
    "lr_scheduler_type",
    "num_train_epochs",
    "max_steps",
    "steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "max_length",
    "seed",
)
"""Settings that readers of a card want to know."""
_RUN: Final = "run.json"
_INSIDE: Final = (("model",), ("adapter",), ("checkpoints", "*"))
"""What of a run is a model, too."""
_CHECKPOINT: Final = ("complete.json", "trainer_state.json")
_UNKNOWN: Final[dict[str, Any]] = {
    "stage": "unknown", "fingerprint": "", "lora": None, "settings": {}, "sources": [], "results": {}, "versions": {}
}  # fmt: skip


def read_origin(model: str) -> dict[str, Any]:
    """Return what a model is that a run begins with.

    Args:
        model: a name, or the directory of a model, a run, or a checkpoint of a run.

    Returns:
        ``base``, its name on the Hub, empty if the model at the bottom is a directory: what that is called elsewhere is
        not known here; ``stages`` of its training; ``files``, a digest of its weights, empty where nothing names them.

    Raises:
        DatasetError: what the directory says of itself is damaged, or its weights are not as its training wrote them.
    """
    path = Path(model)
    if not path.is_dir():
        return {"base": model, "stages": [], "files": ""}
    whole = path.resolve()
    if (whole / _RUN).is_file():
        content = _read(whole / _RUN)
        _check_below(whole, content)
        weights = whole / ("adapter" if content.get("adapter") else "model")
        return _told(weights) or {**_of_run(whole, content), "files": ""}
    told = _told(whole)
    if told is not None:
        return told
    for depth, folder in enumerate(whole.parents[: len(_INSIDE[-1])], start=1):
        way = whole.parts[-depth:]
        if (folder / _RUN).is_file() and any(_fits(way, inside) for inside in _INSIDE):
            return {**_of_run(folder, _read(folder / _RUN)), "files": ""}
    known = not any((whole / name).is_file() for name in _CHECKPOINT)
    return {"base": "", "stages": [] if known else [_UNKNOWN], "files": ""}


def is_same_origin(one: Any, other: Any) -> bool:
    """Say whether two origins or lists of sources are of the same things, wherever these lie now."""
    return bool(_essence(one) == _essence(other))


def write_provenance(folder: Path, run: Run, *, adapter: bool) -> None:
    """Write down what the model in a directory was made of.

    Args:
        folder: holds the model, or will.
        run: the finished run whose model it is.
        adapter: whether the directory holds an adapter, not all weights.

    Raises:
        DatasetError: what the run's weights say of themselves is damaged.
    """
    told = (_told(run.weights) if folder != run.weights else None) or _of_run(run.root, run.content)
    kind = "reward" if run.stage == "reward" else "language"
    _write(folder, {"kind": kind, "adapter": adapter, "base": told["base"], "stages": told["stages"]})


def write_tokenizer_provenance(folder: Path, sources: list[dict[str, Any]]) -> None:
    """Write down that the tokenizer of a model with random weights was made from texts: it may hold some of them."""
    versions = {name: version(name) for name in ("cmtmed", "tokenizers", "transformers")}
    stage = {**_UNKNOWN, "stage": "tokenizer", "sources": _bare(sources), "versions": versions}
    _write(folder, {"kind": "language", "adapter": False, "base": "", "stages": [stage]})


def check_weights(run: Run) -> None:
    """Make sure that a run's weights, and what they lie on, are those of its training.

    Raises:
        DatasetError: they were changed since, or are damaged.
    """
    _told(run.weights)
    _check_below(run.root, run.content)


def _check_below(root: Path, content: dict[str, Any]) -> None:
    """Raise if an adapter lies on other weights than those that it was trained on: there it means nothing."""
    told, below = content.get("origin"), content.get("below")
    if not isinstance(told, dict) or not isinstance(below, str) or not content.get("adapter"):
        return
    if (root / below).is_dir() and not is_same_origin(read_origin(str(root / below)), told):
        raise DatasetError(f"what {str(root)!r} was built on is not what it was ({below}); train it again")


def is_result(name: str, value: Any) -> bool:
    """Say whether a figure of a run says something of its model, and not of the machine."""
    speeds = ("runtime", "per_second", "epoch")
    return isinstance(value, float) and math.isfinite(value) and not any(word in name for word in speeds)


def _of_run(root: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Return base and stages of a run from what it wrote down when it began, its own stage last."""
    try:
        below = content.get("origin")
        if below is None:
            # A run of an earlier cmtmed.
            place = root / content["below"] if content.get("below") else None
            if place is None:
                below = read_origin(content["settings"]["model"])
            elif place.is_dir() and place.resolve() != root.resolve():
                below = read_origin(str(place))
            else:
                below = {"base": "", "stages": [_UNKNOWN]}
        return {"base": below["base"], "stages": [*below["stages"], _stage(content)]}
    except (KeyError, TypeError, AttributeError):
        raise _damaged(root / _RUN) from None


def _stage(content: dict[str, Any]) -> dict[str, Any]:
    settings = {**content["settings"], **content["settings"].get("training", {})}
    lora = content["settings"].get("lora")
    figures = {**content.get("summary", {}), **content.get("metrics", {})}
    return {
        "stage": content["stage"],
        "fingerprint": content["fingerprint"],
        "lora": None if lora is None else lora.get("r", 16),
        "settings": {name: settings[name] for name in TOLD if settings.get(name) is not None},
        "sources": _bare(content.get("sources", [])),
        "results": {name: value for name, value in sorted(figures.items()) if is_result(name, value)},
        "versions": content["versions"],
    }


def _bare(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "path"} for one in sources]


def _told(folder: Path) -> dict[str, Any] | None:
    """Return base, stages and digest of the files of a model, as it tells of them; None if it tells nothing."""
    if not (folder / FILE).is_file():
        return None
    content = _read(folder / FILE)
    if content.get("format") != FORMAT:
        return None  # somebody else's
    if content.get("version") != VERSION:
        raise DatasetError(f"{str(folder / FILE)!r} has version {content.get('version')!r}; update cmtmed")
    base, stages, files = (content.get(name) for name in ("base", "stages", "files"))
    known = isinstance(stages, list) and all(isinstance(one, dict) and "stage" in one for one in stages)
    if not isinstance(base, str) or not known or not isinstance(files, dict):
        raise _damaged(folder / FILE)
    there = _files(folder)
    if any(there.get(name) != one for name, one in files.items()):
        raise DatasetError(f"the files in {str(folder)!r} are not as the training wrote them; train again")
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return {"base": base, "stages": stages, "files": digest}


def _fits(way: tuple[str, ...], inside: tuple[str, ...]) -> bool:
    return len(way) == len(inside) and all(two in {one, "*"} for one, two in zip(way, inside, strict=True))


def _essence(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _essence(one) for key, one in value.items() if key not in {"path", "results", "name", "versions"}}
    return [_essence(one) for one in value] if isinstance(value, list) else value


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of the files of a model, and of nothing that was written about it."""
    return {
        file.name: {"bytes": file.stat().st_size, "sha256": _digest(file)}
        for file in sorted(folder.iterdir())
        if file.is_file() and file.name not in {FILE, "README.md"} and not file.name.startswith(".")
    }


def _write(folder: Path, told: dict[str, Any]) -> None:
    content = {"format": FORMAT, "version": VERSION, **told, "files": _files(folder)}
    partial = folder / f".{FILE}.partial"
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(folder / FILE)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> DatasetError:
    return DatasetError(f"{str(path)!r} is damaged; train again into another out, or give another model")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
