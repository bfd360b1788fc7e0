"""The card beside the weights of a run, made from what its runs recorded: stages, settings, data, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cmtmed.training.run.directory import Run, is_run

_STAGES: Final = {
    "pretrain": "continued pretraining",
    "sft": "supervised fine-tuning",
    "reward": "reward model",
    "ppo": "PPO",
}
_LIMITS: Final = """\
The model was trained on consultations that patients and doctors wrote on the internet. It can be confidently wrong, it
has examined nobody, and it is no medical device: what it says is no diagnosis and no prescription. Whoever shows it to
patients is responsible for that."""


def render_card(run: Run) -> str:
    """Return the card of a finished run in Markdown, with the Hub's metadata in front."""
    chain = _list_chain(run)
    base = _shorten(chain[0].record.model)
    is_reward = run.stage == "reward"
    stages = " → ".join(_STAGES[stage.stage] for stage in chain)
    versions = ", ".join(f"{name} {version}" for name, version in sorted(run.record.versions.items()))
    model_type = "reward" if is_reward else "language"
    summary = f"A {model_type} model for Chinese medical consultations: {stages}, on top of `{base}`."
    lines = [
        "---",
        "language: zh",
        "library_name: transformers",
        f"pipeline_tag: {'text-classification' if is_reward else 'text-generation'}",
        "tags: [medical, chinese, dialogue, cmtmed]",
        "---",
        f"# {run.root.name}",
        "",
        summary,
        "",
        "## Training",
        "",
        "| stage | weights | data | result |",
        "|---|---|---|---|",
        *(_render_row(stage) for stage in chain),
        "",
        f"Versions: {versions}.",
        "",
    ]
    for stage in chain:
        settings = "; ".join(f"{name} {value}" for name, value in stage.record.card_settings.items())
        lines.append(f"- {_STAGES[stage.stage]} ({stage.record.fingerprint}): {settings or 'defaults'}")
    return "\n".join([*lines, "", "## Limits", "", _LIMITS, ""])


def _list_chain(run: Run) -> list[Run]:
    """Return the runs that were built on one another, the first one first."""
    parent = run.parent
    return [*(_list_chain(Run.open(parent)) if is_run(parent) else []), run]


def _render_row(run: Run) -> str:
    rank = run.record.lora_rank
    weights = "all" if rank is None else f"LoRA, r {rank}"
    results = ", ".join(f"{name} {value:.3f}" for name, value in run.record.results.items())
    return f"| {_STAGES[run.stage]} | {weights} | {', '.join(_name_sources(run))} | {results} |"


def _name_sources(run: Run) -> list[str]:
    sources = run.settings.get("data")
    return [
        str(source.get("name") or _shorten(str(source.get("path"))))
        for source in (sources if isinstance(sources, list) else [])
        if isinstance(source, dict)
    ]


def _shorten(path: str) -> str:
    """Return the end of an absolute path, which says too much about this machine; a model's name stays whole."""
    return "/".join(Path(path).parts[-2:]) if Path(path).is_absolute() else path
