"""The card of a model, written from what its runs say: stages, settings, data, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cmtmed.training.run.directory import Run, is_run, read_run
from cmtmed.training.run.provenance import TOLD, is_result

_NAMES: Final = {
    "pretrain": "continued pretraining",
    "sft": "supervised fine-tuning",
    "reward": "reward model",
    "ppo": "PPO",
}
_LIMITS: Final = """\
The model was trained on consultations that patients and doctors wrote on the internet. It can be wrong with confidence,
it has examined nobody, and it is no medical device: what it says is no diagnosis and no prescription. Whoever shows it
to patients answers for that."""


def model_card(run: Run) -> str:
    """Return the card of a finished run in Markdown, with the Hub's metadata in front."""
    chain = _chain(run)
    base = _short(str(chain[0].content["settings"]["model"]))
    kind = "reward model" if run.stage == "reward" else "language model"
    stages = " → ".join(_NAMES[one.stage] for one in chain)
    lines = [
        "---",
        "language: zh",
        "library_name: transformers",
        f"pipeline_tag: {'text-classification' if run.stage == 'reward' else 'text-generation'}",
        "tags: [medical, chinese, dialogue, cmtmed]",
        "---",
        f"# {run.root.name}",
        "",
        f"A {kind} for Chinese medical consultations: {stages}, on top of `{base}`.",
        "",
        "## Training",
        "",
        "| stage | weights | data | result |",
        "|---|---|---|---|",
        *(_row(one) for one in chain),
        "",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in sorted(run.content["versions"].items())) + ".",
        "",
    ]
    for one in chain:
        settings = {**one.content["settings"], **one.content["settings"].get("training", {})}
        told = "; ".join(f"{name} {settings[name]}" for name in TOLD if settings.get(name) is not None)
        lines.append(f"- {_NAMES[one.stage]} ({one.content['fingerprint']}): {told or 'defaults'}")
    return "\n".join([*lines, "", "## Limits", "", _LIMITS, ""])


def _chain(run: Run) -> list[Run]:
    """Return the runs that were built on one another, the first one first."""
    below = run.below
    return [*(_chain(read_run(below)) if is_run(below) else []), run]


def _row(run: Run) -> str:
    lora = run.content["settings"].get("lora")
    weights = "all" if lora is None else f"LoRA, r {lora.get('r', 16)}"
    sources = run.content["settings"].get("data") or []
    data = ", ".join(str(part.get("name") or _short(str(part.get("path")))) for part in sources)
    figures: dict[str, Any] = {**run.content.get("summary", {}), **run.content.get("metrics", {})}
    shown = [f"{name} {value:.3f}" for name, value in sorted(figures.items()) if is_result(name, value)]
    return f"| {_NAMES[run.stage]} | {weights} | {data} | {', '.join(shown)} |"


def _short(path: str) -> str:
    """Return the end of a path on this machine, which is nobody's business, and the whole of a model's name."""
    return "/".join(Path(path).parts[-2:]) if Path(path).is_absolute() else path
