"""Text of a model card that follows from the record of the training alone.

The card beside the weights of a run consists of nothing else. The card on the Hub takes the same sentences and tables
into a template, and adds what people wrote and what the builds say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cmtmed.markdown import escape_markdown, format_code
from cmtmed.models.record import SourceRecord, StageRecord, TrainingRecord

TAGS: Final = ("medical", "chinese", "doctor-patient", "conversational", "cmtmed")
_STAGE_TITLES: Final = {
    "unknown": "training of unknown origin",
    "tokenizer": "tokenizer training",
    "pretrain": "continued pretraining",
    "sft": "supervised fine-tuning",
    "reward": "reward modelling",
    "ppo": "PPO",
}
_DESCRIPTIONS: Final = {
    "language": ("A language model for Chinese medical consultations.", "中文医疗问诊语言模型。"),
    "reward": (
        (
            "A reward model for Chinese medical consultations: it scores a dialogue, and a higher score means a better "
            "answer."
        ),
        "中文医疗问诊奖励模型：为对话打分，分数越高回答越好。",
    ),
}
DISCLAIMER: Final = """\
It is not a medical device. Its output is neither a diagnosis nor a prescription.

本模型不是医疗器械，其输出不构成诊断或处方。"""
LIMITS: Final = """\
- It was trained on what doctors wrote for individual patients. It can be confidently wrong and out of date.
  训练数据是医生针对具体患者所写，模型可能自信地出错或过时。
- It may miss an emergency, and it may ask questions where it should send somebody to a hospital.
  可能漏判急症，或在应当立即就医时仍在提问。
- It has examined nobody. Whoever shows its output to patients is responsible for that.
  模型没有检查过任何患者，向患者展示其输出者自行负责。"""


def render_model_card(name: str, training: TrainingRecord) -> str:
    """Return the card of a model that is not published: metadata for the Hub, training, limits.

    Args:
        name: title of the card.
        training: the record of its training.
    """
    metadata = ["language: zh", *(f"{key}: {value}" for key, value in select_metadata(training).items())]
    return "\n".join([
        "---",
        *metadata,
        f"tags: [{', '.join(TAGS)}]",
        "---",
        f"# {escape_markdown(name)}",
        "",
        describe_model(training, training["base"]),
        "",
        DISCLAIMER,
        "",
        "## Training · 训练",
        "",
        render_stages(training["stages"]),
        "",
        f"Trained with · 软件版本: {render_versions(training)}",
        "",
        "## Limits · 局限",
        "",
        LIMITS,
        "",
    ])  # fmt: skip


def select_metadata(training: TrainingRecord) -> dict[str, str]:
    """Return library and task of a model under the Hub's names."""
    return {
        "library_name": "peft" if training["adapter"] else "transformers",
        "pipeline_tag": "text-classification" if training["kind"] == "reward" else "text-generation",
    }


def describe_model(training: TrainingRecord, base: str = "", *, from_scratch: bool = False) -> str:
    """Return what a model is and how it was trained, in English and Chinese.

    Args:
        training: the record of its training.
        base: name of the base model on the Hub, empty if it has none.
        from_scratch: whether training began with random weights.

    >>> from cmtmed.models.record import TrainingRecord
    >>> record: TrainingRecord = {"format": "cmtmed.training", "version": 1, "kind": "language", "adapter": False,
    ...                           "base": "", "stages": [], "files": {}}
    >>> describe_model(record, "org/base").splitlines()[0]
    'A language model for Chinese medical consultations. Not trained, starting from [`org/base`](https://huggingface.co/org/base).'
    """
    english, chinese = _DESCRIPTIONS[training["kind"]]
    titles = [_STAGE_TITLES[stage["stage"]] for stage in training["stages"] if stage["stage"] != "tokenizer"]
    history = f"Training: {', then '.join(titles)}" if titles else "Not trained"
    if base:
        history += f", starting from [`{base}`](https://huggingface.co/{base})"
    elif from_scratch:
        history += ", starting from random weights"
    return f"{english} {history}.\n\n{chinese}"


def render_stages(stages: Sequence[StageRecord]) -> str:
    """Return the table of training stages."""
    head = "| stage · 阶段 | weights · 权重 | data · 数据 | settings · 设置 | result · 结果 |\n|---|---|---|---|---|"
    return "\n".join([head, *map(_render_stage, stages)])


def render_versions(training: TrainingRecord) -> str:
    """Return the libraries of the last stage with their versions."""
    return ", ".join(f"{name} {version}" for name, version in sorted(training["stages"][-1]["versions"].items()))


def _render_stage(stage: StageRecord) -> str:
    settings = {escape_markdown(name): escape_markdown(str(value)) for name, value in stage["settings"].items()}
    cells = (
        _STAGE_TITLES[stage["stage"]],
        "all" if stage["lora"] is None else f"LoRA, r {stage['lora']}",
        ", ".join(map(_render_source, stage["sources"])) or "not recorded",
        ", ".join(f"{name} {value}" for name, value in settings.items()) or "defaults",
        ", ".join(f"{escape_markdown(name)} {value:.3f}" for name, value in stage["results"].items()),
    )
    return f"| {' | '.join(cells)} |"


def _render_source(source: SourceRecord) -> str:
    name = format_code(source["build"]["pipeline"] if source["build"] else source["name"])
    return name if source["weight"] == 1 else f"{name} × {source['weight']}"
