"""Supervised fine-tuning on multi-turn consultations; only the doctor's turns are learnt.

    cmtmed train sft model=models/base data.0.path=out out=runs/sft
    cmtmed train sft --config my.yaml training.learning_rate=5e-5
    torchrun --nproc_per_node 8 $(cmtmed path trainers/sft.py) --config my.yaml
    accelerate launch --config_file $(cmtmed path trainers/distributed/fsdp_1x8.yaml) $(cmtmed path trainers/sft.py) …

The same command goes on where an interrupted one stopped. The run's directory is what the next stage takes as
``model:``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Fine-tune a model."""
    from cmtmed.training.run.command_line import load_settings
    from cmtmed.training.run.console import set_up_logging
    from cmtmed.training.run.library_config import build_library_config, device_defaults
    from cmtmed.training.sft.data import DialogueCollator, load_dialogues, tokenize_dialogues
    from cmtmed.training.sft.settings import SftSettings
    from cmtmed.training.sft.trainer import WeightedTrainer

    log = set_up_logging()

    settings = load_settings(SftSettings, "sft", argv)

    # What is asked for, and how far an earlier call came.
    from datasets import Dataset, concatenate_datasets
    from trl import SFTConfig

    from cmtmed.training.model.adapters import build_lora_config
    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.mixture import describe_data, mix_sources
    from cmtmed.training.run.processes import leave_together
    from cmtmed.training.run.settings import DataSource

    run = Run.start("sft", settings, {"data": describe_data([*settings.data, *settings.validation])})
    if run.finished:
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
    validation = settings.validation or settings.data
    split = "train" if settings.validation else "validation"
    held_out = [(part, rows) for part in validation if (rows := load_dialogues(part, split)) is not None]
    evaluated = [tokenize_dialogues(rows, tokenizer, settings, part.label) for part, rows in held_out]

    # Training. Batches hold rows of like length: on consultations that leaves a percent of padding instead of a third.
    config = build_library_config(
        SFTConfig,
        {
            **device_defaults(),
            "eval_strategy": "steps" if evaluated else "no",
            "eval_steps": settings.training.get("save_steps", 200),
            **settings.training,
        },
        "training",
        output_dir=str(run.checkpoints),
        seed=settings.seed,
        data_seed=settings.seed,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
    )
    checkpoint = run.checkpoint()
    step = metrics.checkpoint_step(checkpoint)
    trainer = WeightedTrainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=concatenate_datasets(evaluated) if evaluated else None,
        data_collator=DialogueCollator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=build_lora_config(settings.lora, "CAUSAL_LM", model),
        callbacks=[metrics.build_callback(run.root, step)],
    )
    trainer.tokens = metrics.read_count(run.root, checkpoint, "tokens")
    trainer.padding = metrics.read_count(run.root, checkpoint, "padding")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    told = trainer.evaluate() if evaluated else {}
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # if sharded, from all processes

    # The weights, and what the run has to show.
    if trainer.is_world_process_zero():
        summary = metrics.summarize_metrics(run.root)
        trained = trainer.accelerator.unwrap_model(trainer.model)
        save_model(run, trained, tokenizer, weights=weights, metrics=told, summary=summary)
        curves.draw_curves(run.root, settings.smoothing)
        log.info("%s: %s", run.root, summary)
    leave_together(trainer.accelerator)


if __name__ == "__main__":
    main(sys.argv[1:])
