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
    from cmtmed.training.run import Run

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
_ABOVE: Final = 2
"""How far above a checkpoint its run lies: RUN/checkpoints/checkpoint-N."""


def origin(model: str) -> dict[str, Any]:
    """Return what a model is that a run begins with: ``base``, its name on the Hub, and the ``stages`` behind it.

    Args:
        model: a name, or the directory of a model, a run, or a checkpoint of a run.

    Returns:
        An empty ``base`` if the model at the bottom is a directory: what it is called elsewhere is not known here.

    Raises:
        DatasetError: what the directory says of itself is damaged.
    """
    path = Path(model)
    if not path.is_dir():
        return {"base": model, "stages": []}
    told = _told(path)
    if told is not None:
        return told
    whole = path.resolve()
    for folder in (whole, *whole.parents[:_ABOVE]):
        if (folder / _RUN).is_file():
            return _of_run(folder, _read(folder / _RUN))
    return {"base": "", "stages": []}


def write(folder: Path, run: Run, *, adapter: bool) -> None:
    """Write down what the model in a directory was made of.

    Args:
        folder: holds the model, as it is to stay.
        run: the finished run whose model it is.
        adapter: whether the directory holds an adapter, not all weights.

    Raises:
        DatasetError: what the run's weights say of themselves is damaged.
    """
    told = (_told(run.weights) if folder != run.weights else None) or _of_run(run.root, run.content)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "reward" if run.stage == "reward" else "language",
        "adapter": adapter,
        "base": told["base"],
        "stages": told["stages"],
        "files": _files(folder),
    }
    (folder / FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_vocabulary(folder: Path, sources: list[dict[str, Any]]) -> None:
    """Write down that the tokenizer of a model with random weights was made from texts: it may hold some of them."""
    stage = {
        "stage": "tokenizer", "fingerprint": "", "lora": None, "settings": {}, "sources": _bare(sources),
        "results": {}, "versions": {name: version(name) for name in ("cmtmed", "tokenizers", "transformers")},
    }  # fmt: skip
    content = {
        "format": FORMAT, "version": VERSION, "kind": "language", "adapter": False, "base": "", "stages": [stage],
        "files": _files(folder),
    }  # fmt: skip
    (folder / FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check(run: Run) -> None:
    """Make sure that a run's weights, and the run that they lie on, are those of its training.

    Raises:
        DatasetError: they were changed since, or are damaged.
    """
    if (run.weights / FILE).is_file() and _read(run.weights / FILE).get("files") != _files(run.weights):
        raise DatasetError(f"the files in {str(run.weights)!r} are not as the training wrote them; train again")
    below = Path(run.below)
    told = run.content.get("origin")
    if told is not None and run.content.get("adapter") and (below / _RUN).is_file() and origin(str(below)) != told:
        raise DatasetError(f"{str(below)!r} was trained anew since {str(run.root)!r} was built on it; train that again")


def worth(name: str, value: Any) -> bool:
    """Say whether a figure of a run says something of its model, and not of the machine."""
    speeds = ("runtime", "per_second", "epoch")
    return isinstance(value, float) and math.isfinite(value) and not any(word in name for word in speeds)


def _of_run(root: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Return base and stages of a run from what it wrote down when it began, its own stage last."""
    below = content.get("origin")
    if below is None:
        # A run of an earlier cmtmed.
        place = root / content["below"] if content.get("below") else None
        known = place is not None and place.is_dir() and place.resolve() != root.resolve()
        below = origin(str(place) if known else content["settings"]["model"])
    return {"base": below["base"], "stages": [*below["stages"], _stage(content)]}


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
        "results": {name: value for name, value in sorted(figures.items()) if worth(name, value)},
        "versions": content["versions"],
    }


def _bare(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "path"} for one in sources]


def _told(folder: Path) -> dict[str, Any] | None:
    """Return base and stages that a directory tells of its model; None if it tells nothing, or it is a run."""
    content: dict[str, Any] = {}
    weights = folder
    if (folder / _RUN).is_file():
        weights = folder / ("adapter" if _read(folder / _RUN).get("adapter") else "model")
    if (weights / FILE).is_file():
        content = _read(weights / FILE, foreign=True)
    if content.get("format") != FORMAT:
        return None
    if content.get("version") != VERSION:
        raise DatasetError(f"{str(weights / FILE)!r} has version {content.get('version')!r}; update cmtmed")
    stages = content.get("stages")
    if not isinstance(content.get("base"), str) or not isinstance(stages, list):
        raise _damaged(weights / FILE)
    return {"base": content["base"], "stages": stages}


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of the files of a model, and of nothing that was written about it."""
    return {
        file.name: {"bytes": file.stat().st_size, "sha256": _digest(file)}
        for file in sorted(folder.iterdir())
        if file.is_file() and file.name not in {FILE, "README.md"}
    }


def _read(path: Path, *, foreign: bool = False) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        if foreign:
            return {}
        raise _damaged(path)
    return content


def _damaged(path: Path) -> DatasetError:
    return DatasetError(f"{str(path)!r} is damaged; train again into another out")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
