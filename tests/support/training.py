"""What the tests of the trainers share: a tiny model, a few dialogues of our own, and a way to run a trainer."""

from __future__ import annotations

import runpy
from pathlib import Path

import torch

import cmtmed

# Models this small gain nothing from a second thread, and the test processes would fight over the cores.
torch.set_num_threads(1)

DIALOGUES = [
    ("头痛三天了，晚上更厉害", "您好，有没有发烧？以前有过吗？", "没有发烧", "先测血压，注意休息，三天不好再来。"),
    ("孩子咳嗽一周", "您好，咳嗽有痰吗？多大了？", "有痰，四岁", "多喝水，可以做雾化，发烧了再来看。"),
    ("胃胀反酸半个月", "您好，吃过什么药？做过胃镜吗？", "没做过", "建议做胃镜，清淡饮食，少吃辛辣。"),
    ("膝盖疼，上下楼明显", "您好，有没有受过伤？肿吗？", "没受伤，有点肿", "减少爬楼，可以热敷，拍个片子。"),
    ("失眠两个月", "您好，最近压力大吗？几点睡？", "压力大，两点", "睡前不看手机，固定时间起床。"),
    ("皮肤起红疹很痒", "您好，吃过海鲜吗？用过新的护肤品吗？", "吃过虾", "先停海鲜，可以口服氯雷他定。"),
]
"""First turn of the patient, question of the doctor, answer, advice."""


def make_messages(number: int) -> list[dict[str, str]]:
    roles = ("user", "assistant", "user", "assistant")
    return [
        {"role": role, "content": text} for role, text in zip(roles, DIALOGUES[number % len(DIALOGUES)], strict=True)
    ]


def save_tiny_model(folder: Path, *, hidden: int = 32, template: str = "chatml", **sizes) -> str:
    """Make a tiny model that has seen the texts above."""
    from cmtmed.training.model.tiny import make_tiny_model

    if not folder.exists():
        make_tiny_model(
            ["\n".join(texts) for texts in DIALOGUES], folder, vocabulary=400, template=template, learnt_from=(),
            hidden=hidden, heads=2, layers=2, **sizes,
        )  # fmt: skip
    return str(folder)


def write_sft_view(folder: Path, rows: int = 24, *, weight: float = 2.0, splits=("train", "validation")) -> str:
    """Write an sft view as a build does: the turn that asks has the weight."""
    from datasets import Dataset, DatasetDict

    def make_split(name):
        return Dataset.from_list(
            [
                {"id": f"{name}/{number}", "messages": make_messages(number), "weights": [0.0, weight, 0.0, 1.0]}
                for number in range(rows if name == "train" else 4)
            ]
        )

    DatasetDict({name: make_split(name) for name in splits}).save_to_disk(str(folder))
    return str(folder)


def train(stage: str, *words: str) -> None:
    """Run a bundled trainer in this process, as the command line does."""
    runpy.run_path(str(cmtmed.bundled(f"trainers/{stage}.py")))["main"](list(words))
