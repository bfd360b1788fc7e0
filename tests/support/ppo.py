"""What the tests of PPO share: settings, roles, reward runs, and a log without times."""

from __future__ import annotations

import torch

from cmtmed.training.model.loading import load_model
from cmtmed.training.model.saving import save_model
from cmtmed.training.ppo.roles import Roles
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts
from cmtmed.training.ppo.settings import PpoSettings
from cmtmed.training.run import metrics
from cmtmed.training.run.command_line import parse_settings
from cmtmed.training.run.directory import Run
from cmtmed.training.run.settings import Settings
from tests.support.training import make_messages

TINY = (
    "steps=4", "batch=8", "micro_batch=3", "sample_batch=5", "max_new_tokens=6", "learning_rate=1e-3", "warmup=0",
    "save_every=2", "epochs=2", "kl_stop=null",
)  # fmt: skip
MARKS = "reward=[{kind: python, function: 'ppo_rules:marks'}]"
RULES = '''
calls, fail_at = 0, 0

def marks(prompts, answers):
    """Question marks, four of which give the whole reward."""
    global calls
    calls += 1
    if calls == fail_at:
        raise RuntimeError("stopped by the test")
    assert all(prompt[-1]["role"] == "user" for prompt in prompts)
    return [min(1.0, answer.count("？") / 4) for answer in answers]

def common(prompts, answers):
    """Common characters, four of which give the whole reward: often enough by chance to be found soon."""
    return [min(1.0, sum(answer.count(one) for one in "？，。有没吗多过天不") / 4) for answer in answers]

def few(prompts, answers):
    return [1.0]

def nothing(prompts, answers):
    return [float("nan")] * len(answers)

def words(prompts, answers):
    return ["good"] * len(answers)

number = 3
'''
TIMES = {"tokens_per_second"}


def read_log(root):
    return [{name: value for name, value in line.items() if name not in TIMES} for line in metrics.read_metrics(root)]


def make_settings(base, **values):
    content = {"model": base, "out": "x", "data": [{"path": "x"}], "reward": [{"kind": "proactivity"}], **values}
    return parse_settings(PpoSettings, content, "test")


def make_roles(base, tokenizer, dtype=torch.float32, **values):
    return Roles(load_model(base), make_settings(base, **values), torch.device("cpu"), dtype, tokenizer.pad_token_id)


def perturb(roles, scale=0.3):
    """Move everything that is trained away from where it began."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in roles.trained.values():
            parameter.add_(
                scale * max(float(parameter.std(correction=0)), 0.1) * torch.randn(parameter.shape, generator=generator)
            )


PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14], [20] * 12, [30, 31]]
ANSWERS = [[40, 41], [50, 51, 52, 53, 54], [60], [70, 71, 72]]


def compute_by_hand(model, prompt, answer, temperature=1.0):
    logits = model(torch.tensor([[*prompt, *answer]])).logits[0] / temperature
    distributions = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return distributions.gather(-1, torch.tensor(answer)[:, None]).squeeze(-1), -(
        distributions.exp() * distributions
    ).sum(-1)


def write_reward_run(folder, base, tokenizer, *, lora=True, stage="reward", finished=True):
    """Write a run as the reward stage does, with weights that say something different for every text."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(4)
    model = load_model(base, scalar=True)
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    if lora:
        config = LoraConfig(task_type="SEQ_CLS", target_modules="all-linear", modules_to_save=["score"])
        model = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and ("lora" in name or "score" in name):
                parameter.add_(0.3 * torch.randn(parameter.shape))
    content = {"model": base, "out": folder}
    run = Run.start(stage, Settings(**content), {})
    save_model(run, model, tokenizer, pad_token_id=tokenizer.pad_token_id)
    if not finished:
        Run.open(folder).record.model_copy(update={"finished": False}).write(folder)
    return str(folder)


ANSWERED = AnsweredPrompts(
    [make_messages(0)[:1], make_messages(1)[:3], make_messages(2)[:1]],
    ["多久了？", "", "先做胃镜，吃点药，三天后再来复查一次。"],
    [3, 1, 9],
)
