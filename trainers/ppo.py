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

    # What is asked for, and how far an earlier call came.
    import torch

    from cmtmed.training.model.loading import check_fit, describe_loading, load_model, load_tokenizer
    from cmtmed.training.model.saving import save_model
    from cmtmed.training.ppo import scorers
    from cmtmed.training.ppo.loop import Ppo
    from cmtmed.training.ppo.prompts import Prompts
    from cmtmed.training.ppo.roles import Roles
    from cmtmed.training.ppo.state import Journal, World, load_checkpoint, save_checkpoint
    from cmtmed.training.run import curves, metrics
    from cmtmed.training.run.directory import Run
    from cmtmed.training.run.mixture import describe_data

    world = World()
    identity = {"data": describe_data(settings.data), "reward": scorers.describe_rewards(settings.reward)}
    with world.first():
        run = Run.start("ppo", settings, identity)
        checkpoint = run.checkpoint()
    if run.finished:
        log.info("%s is finished; nothing to do", run.root)
        return
    log.info("model: %s", describe_loading(settings.model, settings.lora))

    # One base for all roles. With an adapter its weights stand still and may be short; weights that move may not.
    tokenizer = load_tokenizer(settings.model, settings.template)
    precision = world.precision(settings.precision)
    base = load_model(settings.model, dtype=precision if settings.lora is not None else torch.float32)
    check_fit(base, tokenizer, settings.max_new_tokens + 1, "max_new_tokens")
    roles = Roles(base, settings, world.device, precision, int(tokenizer.pad_token_id))
    rewards = scorers.build_scorers(settings.reward, roles, settings)

    # Prompts, cut to what the context leaves.
    context = getattr(base.config.get_text_config(), "max_position_embeddings", None)
    prompts = Prompts(settings, tokenizer, context)
    log.info("data: %d prompts, %d an update", len(prompts), settings.batch)

    # The loop.
    ppo = Ppo(settings, roles, tokenizer, prompts, rewards, world)
    if checkpoint is not None:
        ppo.state = load_checkpoint(checkpoint, world, roles.trained, ppo.optimizer)
    journal = Journal(run, world, ppo.state.step, settings.samples)
    while ppo.state.step < settings.steps:
        update_metrics, samples = ppo.update()
        step = ppo.state.step
        if step % settings.log_every == 0:
            journal.write(step, update_metrics, samples)
        if step % settings.save_every == 0:
            save_checkpoint(run, world, roles.trained, ppo.optimizer, ppo.state, settings.keep)
    journal.close()

    # The weights, and what the run has to show.
    if world.rank == 0:
        summary = {
            **metrics.summarize_metrics(run.root, "reward"),
            "kl": metrics.summarize_metrics(run.root, "kl").get("kl_last"),
        }
        save_model(run, roles.policy(), tokenizer, summary=summary)
        curves.draw_curves(run.root, settings.smoothing)
        log.info("%s: %s", run.root, summary)
    world.shut_down()


if __name__ == "__main__":
    main(sys.argv[1:])
