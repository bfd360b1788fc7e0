"""The reward model: one number for a prompt with an answer, learnt from which answers doctors prefer.

With d the reward of one answer less that of the other, Bradley and Terry (1952, Biometrika 39) say that the first is
preferred with probability sigmoid(d); the loss of a pair is -log of it. Where ties are used, Davidson (1970, JASA 65,
317-328) gives a tie its own probability:

    P(first)  = exp(d/2)  / (exp(d/2) + exp(-d/2) + nu)
    P(second) = exp(-d/2) / (exp(d/2) + exp(-d/2) + nu)
    P(tie)    = nu        / (exp(d/2) + exp(-d/2) + nu)

Of the two classical models it is the one in which P(first) : P(second) is that of Bradley and Terry whatever nu is, so
sigmoid(d) still says which answer wins when one does, and its calibration can be measured. In that of Rao and Kupper
(1967, JASA 62, 194-204) the threshold of a tie is taken off the margin. At equal rewards a tie has the probability
nu / (nu + 2).

Preferences do not say where zero is. A term ``center * mean((r_chosen + r_rejected)^2)`` keeps rewards near it
(Eisenstein et al. 2023, arXiv:2312.09244, equation 2), and after training the mean over the training answers is taken
off the bias of the head, so that whoever loads the model gets centred rewards.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import Field
from torch.nn.functional import logsigmoid
from trl import RewardTrainer

from cmtmed.errors import UsageError
from cmtmed.training.batches import LikeLengthBatches
from cmtmed.training.reward.figures import measured
from cmtmed.training.reward.preferences import Answers, encoded, held_out
from cmtmed.training.reward.rankings import RankingPart, Source
from cmtmed.training.settings import Settings

log = logging.getLogger("cmtmed.training")


class RewardSettings(Settings):
    """Settings of the reward model."""

    data: list[RankingPart] = Field(description="Files of rankings, pairs or scores, mixed by weight.")
    held_out: float = Field(default=0.1, ge=0, lt=1, description="Share of prompts kept for the figures; by hash.")
    ties: Literal["drop", "use"] = Field(default="drop", description="Whether ties are learnt (Davidson 1970).")
    nu: float = Field(default=1.0, gt=0, description="Of ties: nu / (nu + 2) is the chance of one at equal rewards.")
    max_length: int = Field(default=1024, ge=8, description="Tokens; what is longer loses the prompt's beginning.")
    min_difference: float = Field(default=0.5, gt=0, description="Of mean scores in tables: less is no preference.")
    center: float = Field(default=0.01, ge=0, description="Weight of the term that keeps rewards near 0; 0 for none.")


def preference_loss(margin: torch.Tensor, tie: torch.Tensor, nu: float | None) -> torch.Tensor:
    """Return the loss of each pair, in nats.

    Args:
        margin: rewards of the better answers less those of the worse; of shape (pairs,).
        tie: which pairs are ties; of shape (pairs,).
        nu: of Davidson's model; None for that of Bradley and Terry, which has no ties.
    """
    if nu is None:
        return -logsigmoid(margin)
    tied = torch.full_like(margin, nu).log()
    total = torch.logsumexp(torch.stack([margin / 2, -margin / 2, tied]), dim=0)
    return total - torch.where(tie.bool(), tied, margin / 2)


def split(
    sources: Sequence[Source], settings: RewardSettings, tokenizer: Any
) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """Divide rankings by the hash of their prompts, and encode them.

    Args:
        sources: what was read.
        settings: share, ties and length.
        tokenizer: with a chat template that marks answers.

    Returns:
        Training and held-out rankings by source.

    Raises:
        UsageError: on one side no pair is left; the message says why.
    """
    sides: tuple[dict[str, Answers], dict[str, Answers]] = ({}, {})
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for at, source in enumerate(sources):
        name = source.name if source.name not in sides[0] else f"{source.name}#{at + 1}"
        for place, told in enumerate(("training", "held out")):
            own = [one for one in source.rankings if held_out(one.prompt, settings.held_out) == bool(place)]
            made = encoded(own, tokenizer, settings.max_length, ties=settings.ties == "use", name=f"{name}, {told}")
            sides[place][name] = made
            counts[place].update(made.counts, rankings=len(own))
    total = counts[0]["rankings"] + counts[1]["rankings"]
    if not counts[0]["rankings"]:
        raise UsageError(f"held_out {settings.held_out} takes all of {total} rankings; give less, or more prompts")
    if not counts[0]["better"] and not (settings.ties == "use" and counts[0]["ties"]):
        raise UsageError(
            f"no pair is left to learn from in {counts[0]['rankings']} rankings: {counts[0]['ties']} ties are dropped, "
            f"{counts[0]['close']} pairs are too close in score and {counts[0]['same tokens']} are the same when cut; "
            "set ties=use, a smaller min_difference, a larger max_length, or rank more strictly"
        )
    if settings.held_out and not counts[1]["better"]:
        raise UsageError(
            f"held_out {settings.held_out} of {total} rankings keeps {counts[1]['rankings']}, without a pair in which "
            "one answer is better: nothing could be measured; raise held_out, add prompts, or set held_out=0 to go "
            "without figures"
        )
    return sides


class Collator:
    """Pads pairs on the right.

    The first half of the rows are the better answers, the second half the worse: ``input_ids`` and ``attention_mask``
    of shape (2 * pairs, longest), ``tie`` of shape (pairs,).

    Args:
        pad: id that pads.
    """

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Pad pairs."""
        ids = [row[name] for name in ("chosen_ids", "rejected_ids") for row in rows]
        return {**self.padded(ids), "tie": torch.tensor([bool(row["tie"]) for row in rows])}

    def padded(self, ids: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Return ``input_ids`` and ``attention_mask``, of shape (rows, longest)."""
        table = torch.full((len(ids), max(map(len, ids))), self.pad, dtype=torch.long)
        mask = torch.zeros_like(table)
        for place, row in enumerate(ids):
            table[place, : len(row)] = torch.as_tensor(row, dtype=torch.long)
            mask[place, : len(row)] = 1
        return {"input_ids": table, "attention_mask": mask}


class PreferenceTrainer(LikeLengthBatches, RewardTrainer):
    """TRL's trainer with ties, batches of like length, and figures that are exact over all pairs they stand for.

    TRL takes the mean of the means of batches, of the last, smaller one too; here the margins are gathered first.

    Attributes:
        nu: of ties; None if they are no pairs.
    """

    nu: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._seen: dict[str, list[torch.Tensor]] = {"train": [], "eval": []}
        super().__init__(*args, **kwargs)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["chosen_ids", "rejected_ids", "tie", "length"]

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 (the signature is the library's)
        num_items_in_batch: Any = None,  # noqa: ARG002 (a pair is an item, and batches are divided by the trainer)
    ) -> Any:
        """Return the mean loss of the pairs of a batch."""
        tie = inputs.pop("tie")
        outputs = model(**inputs, use_cache=False)
        chosen, rejected = outputs.logits.float().squeeze(-1).chunk(2)
        loss = preference_loss(chosen - rejected, tie, self.nu).mean()
        if self.args.center_rewards_coefficient:
            loss = loss + self.args.center_rewards_coefficient * (chosen + rejected).square().mean()
        seen = torch.stack([chosen.detach(), rejected.detach(), tie.float()], dim=1)
        self._seen["train" if self.model.training else "eval"].append(self.accelerator.gather_for_metrics(seen).cpu())
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add accuracy, margin, calibration error and mean reward of what was seen since the last log."""
        mode = "train" if self.model.training else "eval"
        if self._seen[mode]:
            chosen, rejected, tie = torch.cat(self._seen[mode]).double().unbind(dim=1)
            self._metrics[mode]["reward"] = [((chosen + rejected) / 2).mean().item()]
            for name, value in measured((chosen - rejected)[tie == 0].tolist()).items():
                self._metrics[mode][name] = [value]
            self._seen[mode].clear()
        super().log(logs, start_time)

    def rewards(self, ids: Sequence[Sequence[int]]) -> list[float]:
        """Return the reward of each row of tokens, with the model as it is now.

        Args:
            ids: the rows, at least one.
        """
        model = self.model_wrapped
        model.eval()
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]), reverse=True)
        collator = Collator(self.processing_class.pad_token_id)
        loader = self.accelerator.prepare_data_loader(
            torch.utils.data.DataLoader(
                [list(ids[row]) for row in order],
                batch_size=2 * self.args.per_device_eval_batch_size,
                collate_fn=collator.padded,
            )
        )
        found: list[float] = []
        with torch.no_grad(), self.compute_loss_context_manager():
            for batch in loader:
                told = model(**batch, use_cache=False).logits.float().squeeze(-1)
                found += self.accelerator.gather_for_metrics(told).tolist()
        back = dict(zip(order, found, strict=True))
        return [back[row] for row in range(len(ids))]


def centre(model: Any, rewards: Sequence[float]) -> float:
    """Take the mean reward off the bias of the head.

    Args:
        model: with or without an adapter.
        rewards: over which the mean shall be 0.

    Returns:
        What was taken off; 0 if the head has no bias, which is said.
    """
    mean = sum(rewards) / len(rewards)
    for name, weight in model.named_parameters():
        # Under an adapter the head stands twice; the frozen one is that of the base.
        if "score" in name.split(".") and name.endswith(".bias") and weight.requires_grad:
            with torch.no_grad():
                weight.sub_(mean)
            return mean
    log.warning("the head of this model has no bias, so its rewards cannot be centred; their mean is %.4f", mean)
    return 0.0
