"""Continued pretraining on dialogues, books, encyclopaedias, clinical records and knowledge graphs.

    cmtmed train pretrain model=models/base data.0.path=out data.1.path=books out=runs/pretrain
    cmtmed train pretrain --config my.yaml training.learning_rate=2e-5 lora=null
    torchrun --nproc_per_node 8 $(cmtmed path trainers/pretrain.py) --config my.yaml
    accelerate launch --config_file $(cmtmed path trainers/distributed/fsdp_1x8.yaml) \
        $(cmtmed path trainers/pretrain.py) --config my.yaml

The same command resumes an interrupted run. The run's directory is what the next stage takes as
``model:``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Continue the pretraining of a model."""
    from cmtmed.training.run.command_line import load_settings
    from cmtmed.training.run.console import set_up_logging

    log = set_up_logging()

    # The request, and the progress of an earlier call.
    from trl import SFTConfig

    from cmtmed.training.model.adapters import build_lora_config
    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.pretrain import data, token_tables
    from cmtmed.training.pretrain.settings import PretrainSettings
    from cmtmed.training.pretrain.trainer import PretrainTrainer
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.checkpoints import checkpoint_step
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.library_config import build_trainer_config
    from cmtmed.training.run.mixture import describe_data
    from cmtmed.training.run.processes import leave_together
    from cmtmed.training.run.token_trainer import TokenCounts

    settings = load_settings(PretrainSettings, "pretrain", argv)
    identity = {"data": describe_data(settings.data), **data.describe_patterns(settings)}
    run = Run.start("pretrain", settings, identity)
    if run.is_finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", describe_loading(settings.model, settings.lora))

    # Model and tokenizer.
    packing, options = data.choose_packing(settings.packing)
    log.info("packing: %s", packing)
    tokenizer = load_tokenizer(settings.model, settings.template)
    model = load_model(settings.model, **options)
    check_fit(model, tokenizer, settings.max_length)

    # Documents, mixed by weight, as rows of tokens on disk.
    train, held_out = data.prepare_rows(run, settings, tokenizer, packing)
    log.info("data: %d rows of up to %d tokens", len(train), settings.max_length)

    # Training.
    config = build_trainer_config(
        SFTConfig,
        settings,
        run.checkpoint_dir,
        evaluates=held_out is not None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    checkpoint = run.find_checkpoint()
    counts = TokenCounts.read(run.root, checkpoint)
    trainer = PretrainTrainer(
        counts=counts,
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held_out,
        data_collator=data.build_collator(packing, tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=build_lora_config(settings.lora, "CAUSAL_LM", model),
        callbacks=[metrics.build_callback(run.root, checkpoint_step(checkpoint))],
    )
    output = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    eval_metrics = {} if held_out is None else trainer.evaluate()
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # if sharded, from all processes

    # Weights and summary.
    if trainer.is_world_process_zero():
        summary = {
            **metrics.summarize_metrics(run.root),
            "tokens": trainer.counts.tokens,
            "padding_share": trainer.counts.share_of_padding,
        }
        bare = trainer.accelerator.unwrap_model(trainer.model)
        save_model(run, bare, tokenizer, weights=weights, metrics=eval_metrics, summary=summary)
        curves.draw_curves(run.root, settings.smoothing)
        token_tables.discard_tables(run.root)
        speed = (trainer.counts.tokens - counts.tokens) / max(output.metrics["train_runtime"], 1e-9)
        log.info("%s: %s; %.0f tokens/s", run.root, summary, speed)
    leave_together(trainer.accelerator)


if __name__ == "__main__":
    main(sys.argv[1:])
