"""PPO: the doctor's model answers patients and is moved towards what is rewarded.

    cmtmed train ppo model=runs/sft data.0.path=out reward.0.path=runs/reward out=runs/ppo
    cmtmed train ppo --config my.yaml 'reward=[{kind: proactivity}, {kind: length, target: 200, weight: 0.5}]'
    torchrun --nproc_per_node 8 $(cmtmed path trainers/ppo.py) --config my.yaml

The same command resumes an interrupted run. The run's directory is a model like that of any other stage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> None:
    """Train a policy."""
    from cmtmed.training.ppo.settings import PpoSettings
    from cmtmed.training.run.command_line import load_settings
    from cmtmed.training.run.console import set_up_logging

    log = set_up_logging()

    settings = load_settings(PpoSettings, "ppo", argv)

    # The request, and the progress of an earlier call.
    import torch

    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.ppo.checkpoint import TrainerState, load_checkpoint, save_checkpoint
    from cmtmed.training.ppo.data import Prompts
    from cmtmed.training.ppo.journal import Journal
    from cmtmed.training.ppo.roles import Roles
    from cmtmed.training.ppo.rollout import RolloutCollector
    from cmtmed.training.ppo.scorers.build import build_scorers, describe_rewards
    from cmtmed.training.ppo.trainer import PpoTrainer, build_optimizer
    from cmtmed.training.ppo.world import World
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.mixture import describe_data

    world = World()
    identity = {"data": describe_data(settings.data), "reward": describe_rewards(settings.reward)}
    with world.run_first():
        run = Run.start("ppo", settings, identity)
        checkpoint = run.find_checkpoint()
    if run.is_finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", describe_loading(settings.model, settings.lora))

    # One base for all roles. With an adapter its weights are frozen and may be bfloat16; trained weights are float32.
    tokenizer = load_tokenizer(settings.model, settings.template)
    precision = world.choose_precision(settings.precision)
    base = load_model(settings.model, dtype=precision if settings.lora is not None else torch.float32)
    check_fit(base, tokenizer, settings.max_new_tokens + 1, "max_new_tokens")
    roles = Roles(base, settings, world.device, precision, int(tokenizer.pad_token_id))
    scorers = build_scorers(settings, roles)

    # Prompts, shortened to fit into the context beside the answer.
    context = getattr(base.config.get_text_config(), "max_position_embeddings", None)
    prompts = Prompts(settings, tokenizer, context)
    log.info("data: %d prompts, %d per update", len(prompts), settings.batch)

    # The loop.
    optimizer = build_optimizer(settings, roles)
    state = TrainerState(step=0, kl=settings.kl)
    if checkpoint is not None:
        state = load_checkpoint(checkpoint, world, roles.trained, optimizer)
    collector = RolloutCollector(settings, roles, tokenizer, prompts, scorers, world)
    trainer = PpoTrainer(settings, roles, collector, world, optimizer, state)
    journal = Journal(run, world, state.step, settings.samples)
    while state.step < settings.steps:
        update_metrics, samples = trainer.update()
        if state.step % settings.log_every == 0:
            journal.write(state.step, update_metrics, samples)
        if state.step % settings.save_every == 0:
            save_checkpoint(run, world, roles.trained, optimizer, state, settings.keep)
    journal.close()

    # Weights and summary.
    if world.rank == 0:
        summary = {
            **metrics.summarize_metrics(run.root, "reward"),
            "kl": metrics.summarize_metrics(run.root, "kl").get("kl_last"),
        }
        save_model(run, roles.extract_policy(), tokenizer, summary=summary)
        curves.draw_curves(run.root, settings.smoothing)
        log.info("%s: %s", run.root, summary)
    world.shut_down()


if __name__ == "__main__":
    main(sys.argv[1:])
