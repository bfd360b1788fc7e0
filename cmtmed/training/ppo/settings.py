"""Settings of PPO. Descriptions name the publication that a default comes from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cmtmed.training.run.settings import DataSource, Settings, reject_unknown_keys


class Reward(BaseModel):
    """Settings of every source of reward."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float = Field(default=1.0, description="Factor in the sum; a penalty is a source of negative numbers.")
    name: str = Field(default="", pattern=r"^[\w.-]*$", description="Name in the metrics; by default its kind.")

    @property
    def label(self) -> str:
        """Its name in messages and metrics."""
        return self.name or str(getattr(self, "kind", ""))

    @model_validator(mode="before")
    @classmethod
    def _reject_unknown_keys(cls, value: object) -> object:
        if isinstance(value, dict):
            reject_unknown_keys(value, cls.model_fields, f"reward of kind {value.get('kind')!r}")
        return value


class ModelReward(Reward):
    """A model of its own: the run of the reward stage, or a sequence classifier with one label."""

    kind: Literal["model"]
    path: str = Field(description="Run directory of the reward stage, or a model's directory or name.")
    template: str = Field(default="", description="Chat template, if its tokenizer has none: a name or a file.")
    max_length: int | None = Field(default=None, ge=8, description="Tokens read; longer texts are cut at the start.")


class AdapterReward(Reward):
    """The adapter of a reward run over the policy's own base: no second model in memory."""

    kind: Literal["adapter"]
    path: str = Field(description="Run directory of the reward stage, trained with lora on the policy's model.")
    max_length: int | None = Field(default=None, ge=8, description="Tokens read; longer texts are cut at the start.")


class JudgeReward(Reward):
    """A judge behind an OpenAI-style interface that replies with a number. The texts are sent to it."""

    kind: Literal["http"]
    url: str = Field(description="Base address, as in https://host/v1; requests go to /chat/completions.")
    model: str = Field(description="Model that the service should use.")
    key_env: str = Field(default="", description="Environment variable that holds the key; empty for no key.")
    instruction: str = Field(default="", description="Instruction to the judge; {low} and {high} are filled in.")
    low: float = Field(default=0.0, description="Worst grade; becomes reward 0.")
    high: float = Field(default=10.0, description="Best grade; becomes reward 1.")
    timeout: float = Field(default=60.0, gt=0, description="Timeout of a request, in seconds.")
    retries: int = Field(default=5, ge=0, description="Retries after 429, 5xx, no connection, or no number.")
    wait: float = Field(default=1.0, ge=0, description="Seconds before the first retry; doubles each time.")
    concurrency: int = Field(default=8, ge=1, description="Concurrent requests in each process.")
    fallback: float | None = Field(default=None, description="Reward if there is no number; null stops the run.")

    @model_validator(mode="after")
    def _check_grades(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self


class PythonReward(Reward):
    """A Python callable: ``function(prompts, answers) -> list of numbers``."""

    kind: Literal["python"]
    function: str = Field(pattern=r"^[\w.]+:[\w.]+$", description="package.module:function")


class ProactivityReward(Reward):
    """How many different things the answer asks for before it advises, from 0 to 1."""

    kind: Literal["proactivity"]
    enough: int = Field(default=2, ge=1, description="Number of things asked for that gives the full reward.")


class LengthReward(Reward):
    """A penalty on length: 0 up to the target, then -1 for every further ``target`` tokens."""

    kind: Literal["length"]
    target: int = Field(ge=1, description="Tokens without a penalty.")


AnyReward = Annotated[
    ModelReward | AdapterReward | JudgeReward | PythonReward | ProactivityReward | LengthReward,
    Field(discriminator="kind"),
]


class PpoSettings(Settings):
    """Settings of PPO."""

    data: list[DataSource] = Field(description="Builds or prompts views, mixed by weight.")
    reward: list[AnyReward] = Field(min_length=1, description="Sources of reward, summed by weight.")

    steps: int = Field(default=1000, ge=1, description="Updates; Zhongjing made about 8,500.")
    batch: int = Field(default=64, ge=1, description="Prompts per update, over all processes.")
    micro_batch: int = Field(default=8, ge=1, description="Rows per pass through the model; only affects memory.")
    sample_batch: int = Field(default=32, ge=1, description="Rows that are sampled at once; only affects memory.")
    epochs: int = Field(default=4, ge=1, description="Passes over the answers of an update (Ziegler: 4).")
    minibatches: int = Field(default=1, ge=1, description="Optimizer steps per pass (Stiennon: 1).")

    max_new_tokens: int = Field(default=256, ge=1, description="Maximum length of an answer in tokens.")
    max_prompt: int | None = Field(
        default=None, ge=1, description="Maximum length of a prompt in tokens; by default the rest of the context."
    )
    temperature: float = Field(default=1.0, gt=0, description="Temperature of sampling, and of the policy in training.")
    top_p: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Probability mass to sample from; below 1, answers do not come from the policy being trained.",
    )
    top_k: int = Field(
        default=0, ge=0, description="Number of tokens to sample from; 0 for all. The caution at top_p applies."
    )
    eos_penalty: float = Field(
        default=1.0, ge=0, description="Subtracted from the reward of an answer that did not end."
    )

    learning_rate: float = Field(
        default=1e-5, gt=0, description="Peak learning rate (Ziegler: 1.4e-5 for all weights)."
    )
    schedule: Literal["linear", "constant"] = Field(
        default="linear", description="Learning rate after the warmup; linear falls to 0 (Huang)."
    )
    warmup: int = Field(default=0, ge=0, description="Updates over which the learning rate rises.")
    adam_epsilon: float = Field(
        default=1e-5, gt=0, description="Larger than torch's 1e-8, which makes early updates too large (Huang)."
    )
    max_grad_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")

    clip: float = Field(default=0.2, gt=0, description="Clip range of the probability ratio (Schulman 2017: 0.2).")
    value_clip: float | None = Field(
        default=0.2, gt=0, description="Clip range of the change of values; null for none."
    )
    value_weight: float = Field(default=0.1, ge=0, description="Weight of the value loss (Ziegler: 0.1).")
    entropy_weight: float = Field(default=0.0, ge=0, description="Weight of the entropy bonus.")
    gamma: float = Field(default=1.0, ge=0, le=1, description="Discount factor; answers are short, so 1 (Ziegler).")
    lam: float = Field(default=0.95, ge=0, le=1, description="Lambda of GAE (Ziegler: 0.95).")
    whiten: bool = Field(default=True, description="Whether to normalize advantages to mean 0 and variance 1.")
    reward_scaling: Literal["none", "running", "batch"] = Field(
        default="none",
        description="running divides by the standard deviation so far; batch standardizes within the batch.",
    )
    reward_clip: float | None = Field(default=None, gt=0, description="Rewards are clipped to plus and minus this.")

    kl: float = Field(
        default=0.05, ge=0, description="Penalty on each token's KL to the reference policy (Stiennon: 0.05)."
    )
    kl_target: float | None = Field(
        default=None, gt=0, description="KL per answer, in nats, that the penalty adapts to (Ziegler: 6)."
    )
    kl_stop: float | None = Field(
        default=0.1, gt=0, description="KL per token to the sampling policy that stops an update; null for none."
    )

    value_adapter: bool = Field(
        default=False, description="Whether the value function has an adapter of its own; costs one more pass."
    )
    gradient_checkpointing: bool | Literal["auto"] = Field(default="auto", description="auto: only on a GPU.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description="auto: bfloat16 on a GPU.")

    log_every: int = Field(default=1, ge=1, description="Updates between logs.")
    save_every: int = Field(default=50, ge=1, description="Updates between checkpoints.")
    keep: int = Field(default=2, ge=1, description="Checkpoints to keep.")
    samples: int = Field(
        default=0, ge=0, description="Answers of each logged update to write to samples.jsonl, WITH THEIR TEXT."
    )

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if self.training:
            raise ValueError(f"training.{next(iter(self.training))}: PPO has its own loop; set its fields directly")
        names = [source.label for source in self.reward]
        duplicate = next((name for name in names if names.count(name) > 1), None)
        if duplicate:
            raise ValueError(f"two rewards are called {duplicate!r}; give each a name")
        if self.minibatches > self.batch:
            raise ValueError(f"{self.minibatches} minibatches of {self.batch} prompts leave some empty")
        if self.value_adapter and self.lora is None:
            raise ValueError("value_adapter needs lora: without it, all weights belong to the policy")
        if self.kl_target is not None and not self.kl:
            raise ValueError("kl_target adapts the penalty kl, which is 0; give kl an initial value, such as 0.05")
        return self
