"""The directory of a run: what it was asked for, how far it is, and what the next stage takes.

::

    RUN/
      run.json         stage, settings, versions, where the weights come from, final metrics
      model/           all weights, tokenizer, chat template, training.json   (a run that trained all of them)
      adapter/         the adapter and the same                (a run with LoRA)
      checkpoints/     checkpoint-N, each with complete.json
      metrics.jsonl    a line for each logged step
      tensorboard/     the same
      training_*.png   the curves

The same command goes on where an interrupted one stopped. A checkpoint counts when ``complete.json``, written last,
names every file with its size; a checkpoint cut short is set aside and the one before it is taken.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import BuildError, DatasetError, OutputError, UsageError
from cmtmed.training.run.fingerprint import fingerprint_value
from cmtmed.training.run.processes import is_main_process
from cmtmed.training.run.provenance import is_same_origin, read_origin
from cmtmed.training.run.settings import Settings
from cmtmed.training.run.sources import describe_sources

log = logging.getLogger("cmtmed.training")

FILE: Final = "run.json"
COMPLETE: Final = "complete.json"
_LIBRARIES: Final = ("cmtmed", "torch", "transformers", "trl", "peft", "accelerate", "datasets")


class Run:
    """One run directory.

    Attributes:
        root: the directory.
        stage: ``pretrain``, ``sft``, ``reward`` or ``ppo``.
        content: what ``run.json`` holds.
    """

    def __init__(self, root: Path, content: dict[str, Any]) -> None:
        self.root, self.content = root, content
        self.stage: str = content["stage"]

    @classmethod
    def start(cls, stage: str, settings: Settings, data: dict[str, Any]) -> Run:
        """Make the directory, or take up the one that is there.

        Args:
            stage: which trainer asks.
            settings: what it was asked for.
            data: what identifies the data, as plain JSON values.

        Raises:
            OutputError: the directory belongs to something else, or to a run with other settings or data; or it
                cannot be written.
            DatasetError: what the model says of its training is damaged.
        """
        root = settings.out
        asked = {"stage": stage, "settings": settings.described(), "data": data}
        content: dict[str, Any] = {
            "format": 1,
            **asked,
            "fingerprint": fingerprint_value(_settled(asked)),
            # Where the model below lies as seen from here, so that runs may move together.
            "below": os.path.relpath(settings.model, root) if Path(settings.model).is_dir() else None,
            "versions": {name: version(name) for name in _LIBRARIES},
            "finished": False,
        }
        if (root / FILE).exists():
            there = read_run(root)
            if there.content.get("fingerprint") == content["fingerprint"]:
                if there.finished or not is_main_process():
                    return there
                # What it learns from and begins with may have been made anew since.
                now = {"sources": describe_sources(settings), "origin": read_origin(settings.model)}
                older = {name: there.content.get(name, one) for name, one in now.items()}
                if there.begun and not all(is_same_origin(older[name], now[name]) for name in now):
                    raise OutputError(
                        f"{str(root)!r} was begun with data or a model that were made anew since; give another out=, "
                        "or delete it"
                    )
                if not there.begun:
                    there.content |= now
                    _write(root / FILE, there.content)
                return there
            # A call that failed before its first step has left nothing worth keeping.
            if there.finished or there.begun:
                told = _differing(there.content, content)
                raise OutputError(
                    f"{str(root)!r} holds a run with other settings ({told}); give another out=, or delete it"
                )
        elif root.exists() and not root.is_dir():
            raise OutputError(f"{str(root)!r} is a file; give another out=")
        elif is_main_process() and root.exists() and any(root.iterdir()):
            raise OutputError(f"{str(root)!r} is not empty and holds no run; give another out=")
        if is_main_process():
            # What it learns from and begins with, as both are now; nothing of it decides whether it is the same run.
            content |= {"sources": describe_sources(settings), "origin": read_origin(settings.model)}
            try:
                root.mkdir(parents=True, exist_ok=True)
                _write(root / FILE, content)
            except OSError as error:
                raise OutputError(f"cannot write the run {str(root)!r}: {error.strerror}") from error
        return cls(root, content)

    @property
    def finished(self) -> bool:
        """Whether its weights are written."""
        return bool(self.content["finished"])

    @property
    def begun(self) -> bool:
        """Whether anything was trained."""
        return (self.root / "checkpoints").exists() or (self.root / "metrics.jsonl").exists()

    @property
    def below(self) -> str:
        """The model or run that this one was built on, wherever the command is given from."""
        moved = self.root / self.content["below"] if self.content.get("below") else None
        return str(moved if moved is not None and moved.is_dir() else self.content["settings"]["model"])

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints go."""
        return self.root / "checkpoints"

    @property
    def weights(self) -> Path:
        """Where the final weights are: all of them, or the adapter."""
        return self.root / ("adapter" if self.content.get("adapter") else "model")

    def checkpoint(self) -> Path | None:
        """Return the newest complete checkpoint; those cut short are set aside, and that is said."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=_step) if self.checkpoints.is_dir() else []
        for path in reversed(found):
            reason = find_damage(path)
            if reason is None:
                log.info("%s: going on from %s", self.root, path.name)
                return path
            log.warning("%s is set aside: %s", path.name, reason)
            if is_main_process():
                shutil.rmtree(self.checkpoints / f"cut-{path.name}", ignore_errors=True)
                path.rename(self.checkpoints / f"cut-{path.name}")
        return None

    def finish(self, **told: Any) -> None:
        """Write down that the weights are complete, and what there is to say of them."""
        self.content = {**self.content, **told, "finished": True}
        if is_main_process():
            _write(self.root / FILE, self.content)


def read_run(root: Path | str) -> Run:
    """Open a run directory.

    Raises:
        UsageError: it is none.
        DatasetError: its ``run.json`` is damaged.
    """
    path = Path(root) / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Run(Path(root), {"stage": content["stage"], "finished": content["finished"], **content})
    except FileNotFoundError:
        raise UsageError(f"{str(root)!r} is no run directory: it has no {FILE}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{str(path)!r} is damaged ({type(error).__name__}); train again into another out="
        ) from error


def is_run(path: Path | str) -> bool:
    """Say whether a directory is a run."""
    return (Path(path) / FILE).is_file()


def seal_checkpoint(checkpoint: Path) -> None:
    """Write down, last, that a checkpoint is whole."""
    files = {
        str(file.relative_to(checkpoint)): file.stat().st_size
        for file in sorted(checkpoint.rglob("*"))
        if file.is_file() and file.name != COMPLETE
    }
    _write(checkpoint / COMPLETE, files)


def find_damage(checkpoint: Path) -> str | None:
    """Say what is wrong with a checkpoint; None if nothing is."""
    try:
        files = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "it was cut short while it was written"
    except (OSError, ValueError):
        return f"its {COMPLETE} is damaged"
    for name, size in files.items():
        file = checkpoint / name
        if not file.is_file():
            return f"{name} is missing"
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size} bytes instead of {size}"
    return None


def _settled(value: Any) -> Any:
    """Return settings with paths that are the same wherever the command is given from, and however they are written."""
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(Path(one).resolve())
        if key in _PATHS and isinstance(one, str) and one and Path(one).exists()
        else _settled(one)
        for key, one in value.items()
    }


_PATHS: Final = frozenset(("model", "path", "answers", "triples", "template"))


def _differing(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """Name up to three settings that differ, without their values if those could be long."""
    for part in ("stage", "data"):
        if there.get(part) != asked[part]:
            return part
    old, new = there.get("settings", {}), asked["settings"]
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    return ", ".join(keys[:3]) or "versions"


def _step(path: Path) -> int:
    number = path.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _write(path: Path, value: Any) -> None:
    """Write JSON so that whoever looks sees the old file or the new one, never half of it."""
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str) + "\n", "utf-8")
        os.replace(partial, path)  # noqa: PTH105 (the same on every system)
    except OSError as error:
        raise BuildError(f"cannot write {str(path)!r}: {error.strerror}; make room and run the same command") from error
