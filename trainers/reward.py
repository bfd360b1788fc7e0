"""A reward model from doctors' rankings; pairs of one prompt stay on one side of the split.

    cmtmed train reward model=runs/sft data.0.path=rankings.jsonl out=runs/reward
    cmtmed train reward model=runs/sft data.0.path=total_dataset.tsv data.0.ranks=positions data.0.answers=output1.json
    cmtmed train reward --config my.yaml ties=use nu=0.5 training.learning_rate=1e-4
    torchrun --nproc_per_node 8 $(cmtmed path trainers/reward.py) --config my.yaml

The same command resumes an interrupted run. The run's directory is what PPO takes as a reward.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Train a reward model."""
    from cmtmed.training.reward.data import PairCollator, split_rankings
    from cmtmed.training.reward.readers.files import describe_sources, read_rankings
    from cmtmed.training.reward.settings import RewardSettings
    from cmtmed.training.reward.trainer import PreferenceTrainer, center_rewards
    from cmtmed.training.run.command_line import load_settings
    from cmtmed.training.run.console import set_up_logging

    log = set_up_logging()
    settings = load_settings(RewardSettings, "reward", argv)

    # The request, and the progress of an earlier call.
    from datasets import concatenate_datasets
    from transformers import set_seed
    from trl import RewardConfig

    from cmtmed.training.model.adapters import build_lora_config
    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.reward.metrics import report_agreement
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.checkpoints import checkpoint_step
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.library_config import build_trainer_config
    from cmtmed.training.run.mixture import mix_sources
    from cmtmed.training.run.processes import leave_together

    data_identity = describe_sources(settings.data)
    sources = [read_rankings(source, settings.min_difference) for source in settings.data]
    run = Run.start("reward", settings, {"data": data_identity})
    if run.is_finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", describe_loading(settings.model, settings.lora))

    # Model and tokenizer; the head is new unless the model below is a reward model.
    tokenizer = load_tokenizer(settings.model, settings.template)
    set_seed(settings.seed)
    model = load_model(settings.model, scalar=True)
    check_fit(model, tokenizer, settings.max_length)

    # Pairs. Prompts are divided by their hash; sources are mixed by weight in training and whole among the held out.
    training, held_out = split_rankings(sources, settings, tokenizer)
    tables = {
        id(source): encoded.to_dataset() for source, encoded in zip(settings.data, training.values(), strict=True)
    }
    nonempty = [source for source in settings.data if len(tables[id(source)])]
    train = mix_sources(nonempty, lambda source: tables[id(source)], settings.seed)
    evaluated = concatenate_datasets([encoded.to_dataset() for encoded in held_out.values()])

    # Training. Batches hold pairs of similar length; a term of the loss keeps rewards near zero.
    config = build_trainer_config(
        RewardConfig,
        settings,
        run.checkpoint_dir,
        evaluates=len(evaluated) > 0,
        center_rewards_coefficient=settings.center or None,
    )
    checkpoint = run.find_checkpoint()
    trainer = PreferenceTrainer(
        nu=settings.nu if settings.ties == "use" else None,
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=evaluated if len(evaluated) else None,
        data_collator=PairCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=build_lora_config(settings.lora, "SEQ_CLS", model),
        callbacks=[metrics.build_callback(run.root, checkpoint_step(checkpoint))],
    )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    # The mean over the training answers becomes zero; then the held-out prompts are measured.
    bare = trainer.accelerator.unwrap_model(trainer.model)
    offset = center_rewards(
        bare, trainer.compute_rewards([ids for encoded in training.values() for ids in encoded.flat_ids])
    )
    reports = {}
    for name, encoded in held_out.items():
        if encoded.rankings:
            reports[name] = report_agreement(encoded, trainer.compute_rewards(encoded.flat_ids))
    eval_metrics = trainer.evaluate() if len(evaluated) else {}
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # if sharded, from all processes

    # Weights and reports.
    if trainer.is_world_process_zero():
        counts = [
            {
                **source.to_dict(),
                "training": {"rankings": len(training[name].rankings), **training[name].counts},
                "held_out": {"rankings": len(held_out[name].rankings), **held_out[name].counts},
            }
            for source, name in zip(sources, training, strict=True)
        ]
        save_model(
            run,
            bare,
            tokenizer,
            weights=weights,
            metrics=eval_metrics,
            summary=metrics.summarize_metrics(run.root),
            held_out=reports,
            counts=counts,
            offset=offset,
            pad_token_id=tokenizer.pad_token_id,
        )
        curves.draw_curves(run.root, settings.smoothing)
        for name, report in reports.items():
            accuracy = report.get("accuracy", float("nan"))
            log.info("%s: accuracy %.3f on %d held-out pairs", name, accuracy, report["pairs"])
    leave_together(trainer.accelerator)


if __name__ == "__main__":
    main(sys.argv[1:])
