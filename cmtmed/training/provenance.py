"""What a model was made of, beside its weights: ``training.json``.

It names the stages, what each of them learnt from, and every file with its checksum, so that whoever publishes the
model can say so. It holds no path of this machine and no text; ``run.json``, which stays here, has the paths.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, Final

from cmtmed.training.run import Run, is_run, read

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


def write(folder: Path, run: Run, *, adapter: bool) -> None:
    """Write down what the model in a directory was made of.

    Args:
        folder: holds the model, as it is to stay.
        run: the finished run whose model it is.
        adapter: whether the directory holds an adapter, not all weights.
    """
    stages, base = _stages(run)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "reward" if run.stage == "reward" else "language",
        "adapter": adapter,
        "base": base,
        "stages": stages,
        "files": {
            file.name: {"bytes": file.stat().st_size, "sha256": _digest(file)}
            for file in sorted(folder.iterdir())
            if file.is_file() and file.name not in {FILE, "README.md"}
        },
    }
    (folder / FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _stages(run: Run) -> tuple[list[dict[str, Any]], str]:
    """Return the stages of a run and of those below it, the first one first, and the name of the base model.

    The name is empty if the base is a directory: what it is called elsewhere is not known here.
    """
    below = Path(run.below)
    base = ""
    if is_run(below):
        before, base = _stages(read(below))
    elif (below / FILE).is_file():
        told = json.loads((below / FILE).read_text(encoding="utf-8"))
        before, base = told["stages"], told["base"]
    else:
        before = []
        base = "" if below.is_dir() or below.is_absolute() else run.below
    settings = {**run.content["settings"], **run.content["settings"].get("training", {})}
    lora = run.content["settings"].get("lora")
    figures = {**run.content.get("summary", {}), **run.content.get("metrics", {})}
    own = {
        "stage": run.stage,
        "fingerprint": run.content["fingerprint"],
        "lora": None if lora is None else lora.get("r", 16),
        "settings": {name: settings[name] for name in TOLD if settings.get(name) is not None},
        "sources": [
            {key: value for key, value in one.items() if key != "path"} for one in run.content.get("sources", ())
        ],
        "results": {name: value for name, value in sorted(figures.items()) if worth(name, value)},
        "versions": run.content["versions"],
    }
    return [*before, own], base


def worth(name: str, value: Any) -> bool:
    """Say whether a figure of a run says something of its model, and not of the machine."""
    speeds = ("runtime", "per_second", "epoch")
    return isinstance(value, float) and math.isfinite(value) and not any(word in name for word in speeds)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
