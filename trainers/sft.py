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
    from cmtmed.training.console import speak
    from cmtmed.training.settings import configure, device_defaults, library_config
    from cmtmed.training.sft import Collator, SftSettings, WeightedTrainer, load, tokenized

    log = speak()

    settings = configure(SftSettings, "sft", argv)

    # What is asked for, and how far an earlier call came.
    from datasets import concatenate_datasets
    from trl import SFTConfig

    from cmtmed.training import curves, data, metrics
    from cmtmed.training.model import check_fit, load_model, load_tokenizer, lora_config, rule, save
    from cmtmed.training.processes import leave_together
    from cmtmed.training.run import Run

    run = Run.start("sft", settings, {"data": data.described([*settings.data, *settings.validation])})
    if run.finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", rule(settings.model, settings.lora))

    # Model and tokenizer.
    tokenizer = load_tokenizer(settings.model, settings.template)
    model = load_model(settings.model)
    check_fit(model, tokenizer, settings.max_length)

    # Dialogues, mixed by weight; what is held out comes from the validation splits.
    def train_part(part: data.Part) -> data.Dataset:
        return tokenized(load(part), tokenizer, settings, part.label)

    train = data.mixture(settings.data, train_part, settings.seed)
    validation = settings.validation or settings.data
    split = "train" if settings.validation else "validation"
    held_out = [(part, rows) for part in validation if (rows := load(part, split)) is not None]
    evaluated = [tokenized(rows, tokenizer, settings, part.label) for part, rows in held_out]

    # Training. Batches hold rows of like length: on consultations that leaves a percent of padding instead of a third.
    config = library_config(
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
    step = metrics.step_of(checkpoint)
    trainer = WeightedTrainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=concatenate_datasets(evaluated) if evaluated else None,
        data_collator=Collator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=lora_config(settings.lora, "CAUSAL_LM", model),
        callbacks=[metrics.callback(run.root, step)],
    )
    trainer.tokens = metrics.counted(run.root, checkpoint, "tokens")
    trainer.padding = metrics.counted(run.root, checkpoint, "padding")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    told = trainer.evaluate() if evaluated else {}
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # if sharded, from all processes

    # The weights, and what the run has to show.
    if trainer.is_world_process_zero():
        summary = metrics.summary(run.root)
        trained = trainer.accelerator.unwrap_model(trainer.model)
        save(run, trained, tokenizer, weights=weights, metrics=told, summary=summary)
        curves.draw(run.root, settings.smoothing)
        log.info("%s: %s", run.root, summary)
    leave_together(trainer.accelerator)


if __name__ == "__main__":
    main(sys.argv[1:])
