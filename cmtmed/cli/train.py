"""``cmtmed train``: the bundled trainers, and what belongs to them."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path
from typing import Annotated, Final

import typer

from cmtmed.cli.console import output, print_json
from cmtmed.errors import UsageError
from cmtmed.resources import bundled

app = typer.Typer(
    name="train",
    help="Train a model on the views of a build. Options of a stage: cmtmed train STAGE --help.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_LIBRARIES: Final = ("torch", "transformers", "trl", "peft", "accelerate", "tensorboard", "matplotlib")
# The words after the stage are the trainer's own: --config FILE and key=value.
_PASS: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def require_training_libraries() -> None:
    """Check that the libraries of the extra ``train`` are installed.

    Raises:
        UsageError: a library is missing; the message says how to install all of them.
    """
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"training requires {', '.join(missing)}; install them with: pip install 'cmtmed[train]'")


def _stage(name: str, help_text: str) -> None:
    def run(context: typer.Context) -> None:
        require_training_libraries()
        runpy.run_path(str(bundled(f"trainers/{name}.py")))["main"](context.args)

    app.command(name, help=help_text, context_settings=_PASS)(run)


_stage(
    "pretrain",
    "Continue pretraining on dialogues and medical texts. Books, encyclopaedias, records and triples are supported.",
)
_stage("sft", "Fine-tune a model on the doctor's turns.")
_stage("reward", "Train a reward model on rankings of answers.")
_stage("ppo", "Optimize a model against one or more rewards (PPO).")


@app.command("tiny")
def tiny_command(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA", help="Build, pretrain view or text files to train the tokenizer on.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output directory.")],
    shape: Annotated[str, typer.Option("--shape", metavar="NAME", help="Architecture: llama or qwen2.")] = "llama",
    hidden: Annotated[int, typer.Option("--hidden", min=8, metavar="N", help="Hidden size.")] = 128,
    layers: Annotated[int, typer.Option("--layers", min=1, metavar="N", help="Number of layers.")] = 2,
    heads: Annotated[int, typer.Option("--heads", min=1, metavar="N", help="Number of attention heads.")] = 4,
    context: Annotated[
        int, typer.Option("--context", min=16, metavar="N", help="Maximum sequence length in tokens.")
    ] = 1024,
    vocabulary: Annotated[int, typer.Option("--vocabulary", metavar="N", help="Vocabulary size, at least 260.")] = 2048,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of the weights.")] = 0,
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="Name of a bundled chat template.")
    ] = "chatml",
) -> None:
    """Create a tokenizer and a small random model. With it, every stage can be tried without a download."""
    require_training_libraries()
    from cmtmed.training.model.tiny import make_tiny_model, read_texts
    from cmtmed.training.run.console import set_up_logging

    set_up_logging()
    weights = make_tiny_model(
        read_texts(data), out, vocabulary=vocabulary, template=template,
        learnt_from=data, shape=shape, hidden=hidden, layers=layers, heads=heads, context=context, seed=seed,
    )  # fmt: skip
    output.print(f"{out}: {weights:,} weights, context {context}")


@app.command("merge")
def merge_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a finished run.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output directory.")],
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="NAME", help="Type of the weights: float32, bfloat16 or float16.")
    ] = "float32",
) -> None:
    """Merge the adapter of a run into its base model. The result is one plain model with a card."""
    require_training_libraries()
    if dtype not in {"float32", "bfloat16", "float16"}:
        raise UsageError(f"unknown --dtype {dtype!r}; available: float32, bfloat16, float16")
    from cmtmed.training.model.merge import merge_run
    from cmtmed.training.run.console import set_up_logging

    set_up_logging()
    merged = merge_run(str(run), out, dtype=dtype)
    output.print(f"{out}: {merged.parameters:,} weights in {merged.dtype}")


@app.command("curves")
def curves_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run, complete or not.")],
    smoothing: Annotated[
        float,
        typer.Option(
            "--smoothing", min=0, max=0.999, metavar="W", help="Weight of the previous values in the moving average."
        ),
    ] = 0.9,
    as_json: Annotated[bool, typer.Option("--json", help="Print the paths of the images as JSON.")] = False,
) -> None:
    """Plot the metrics of a run, raw and smoothed."""
    require_training_libraries()
    from cmtmed.training.run.curves import draw_curves
    from cmtmed.training.run.directory import Run

    files = [str(path) for path in draw_curves(Run.open(run).root, smoothing)]
    if as_json:
        print_json(files)
    else:
        output.print("\n".join(files))
