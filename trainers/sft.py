"""Supervised fine-tuning on multi-turn consultations; only the doctor's turns are learnt.

    cmtmed train sft model=models/base data.0.path=out out=runs/sft
    cmtmed train sft --config my.yaml training.learning_rate=5e-5
    torchrun --nproc_per_node 8 $(cmtmed path trainers/sft.py) --config my.yaml
    accelerate launch --config_file $(cmtmed path trainers/distributed/fsdp_1x8.yaml) $(cmtmed path trainers/sft.py) …

The same command resumes an interrupted run. The run's directory is what the next stage takes as
``model:``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Fine-tune a model."""
    from cmtmed.training.run.command_line import load_settings
    from cmtmed.training.run.console import set_up_logging
    from cmtmed.training.sft.settings import SftSettings

    log = set_up_logging()
    settings = load_settings(SftSettings, "sft", argv)

    # The request, and the progress of an earlier call.
    from datasets import Dataset, concatenate_datasets
    from trl import SFTConfig

    from cmtmed.training.model.adapters import build_lora_config
    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.checkpoints import checkpoint_step
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.library_config import build_trainer_config
    from cmtmed.training.run.mixture import describe_data, mix_sources
    from cmtmed.training.run.processes import leave_together
    from cmtmed.training.run.settings import DataSource
    from cmtmed.training.run.token_trainer import TokenCounts
    from cmtmed.training.sft.data import DialogueCollator, load_dialogues, tokenize_dialogues
    from cmtmed.training.sft.trainer import WeightedTrainer

    run = Run.start("sft", settings, {"data": describe_data([*settings.data, *settings.validation])})
    if run.is_finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", describe_loading(settings.model, settings.lora))

    # Model and tokenizer.
    tokenizer = load_tokenizer(settings.model, settings.template)
    model = load_model(settings.model)
    check_fit(model, tokenizer, settings.max_length)

    # Dialogues, mixed by weight; what is held out comes from the validation splits.
    def load_rows(source: DataSource) -> Dataset:
        return tokenize_dialogues(load_dialogues(source), tokenizer, settings, source.label)

    train = mix_sources(settings.data, load_rows, settings.seed)
    split = "train" if settings.validation else "validation"
    loaded = [(source, load_dialogues(source, split)) for source in settings.validation or settings.data]
    evaluated = [
        tokenize_dialogues(rows, tokenizer, settings, source.label) for source, rows in loaded if rows is not None
    ]

    # Training. Batches hold rows of similar length: on consultations one percent is padding instead of a third.
    config = build_trainer_config(
        SFTConfig,
        settings,
        run.checkpoint_dir,
        evaluates=bool(evaluated),
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    checkpoint = run.find_checkpoint()
    trainer = WeightedTrainer(
        counts=TokenCounts.read(run.root, checkpoint),
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=concatenate_datasets(evaluated) if evaluated else None,
        data_collator=DialogueCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=build_lora_config(settings.lora, "CAUSAL_LM", model),
        callbacks=[metrics.build_callback(run.root, checkpoint_step(checkpoint))],
    )
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    eval_metrics = trainer.evaluate() if evaluated else {}
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # if sharded, from all processes

    # Weights and summary.
    if trainer.is_world_process_zero():
        summary = metrics.summarize_metrics(run.root)
        bare = trainer.accelerator.unwrap_model(trainer.model)
        save_model(run, bare, tokenizer, weights=weights, metrics=eval_metrics, summary=summary)
        curves.draw_curves(run.root, settings.smoothing)
        log.info("%s: %s", run.root, summary)
    leave_together(trainer.accelerator)


if __name__ == "__main__":
    main(sys.argv[1:])
