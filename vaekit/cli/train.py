"""`vaekit train` and `vaekit resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vaekit.cli.startup import startup_options
from vaekit.cli.values import IMAGE_SIZE, KEY_VALUE, data_option, run_argument, stopped_by
from vaekit.errors import VaekitError
from vaekit.recipes import FAST, RECIPES, TUTORIAL

if TYPE_CHECKING:
    from vaekit.run import Run


def _by_recipe(name: str) -> str:
    return f"{getattr(RECIPES[TUTORIAL], name)}; {FAST}: {getattr(RECIPES[FAST], name)}"


_allow_change = click.option(
    "--allow-change",
    metavar="NAME",
    multiple=True,
    help="Go on though this is not what it was; may be given more than once.",
)


@click.command(short_help="Train a VAE and save it.")
@click.option("--encoder", metavar="NAME", help="Encoder backbone.", show_default="conv5")
@click.option("--decoder", metavar="NAME", help="Decoder backbone.", show_default="deconv4")
@click.option("--loss", metavar="NAME", help="Loss.", show_default="tutorial")
@data_option("A registered name or a path. Default: mnist, or digits where mnist can't be had.")
@click.option("--latent-dim", type=int, help="Length of z.", show_default="2")
@click.option(
    "--recipe",
    type=click.Choice(tuple(RECIPES)),
    help=f"How to train. {' '.join(f'{name}: {r.summary}' for name, r in RECIPES.items())}",
    show_default=TUTORIAL,
)
@click.option(
    "--epochs", type=int, help="Passes over the training images.", show_default=_by_recipe("epochs")
)
@click.option(
    "--batch-size", type=int, help="Images a step.", show_default=_by_recipe("batch_size")
)
@click.option(
    "--learning-rate",
    type=float,
    help="Adam's step size, or the highest of a curve.",
    show_default=_by_recipe("learning_rate"),
)
@click.option("--seed", type=int, help="Decides weights, order and noise.", show_default="0")
@click.option("--out", metavar="DIR", help="Run directory. Default: runs/PARTS-TIME.")
@click.option("--limit", type=int, help="Use only the first N images of each split.")
@click.option(
    "--validation-split",
    type=float,
    help="Share of images to validate on where the source has no test set.",
    show_default="0.1",
)
@click.option("--image-size", type=IMAGE_SIZE, help="Resize images, 64 or 64x48.")
@click.option("--gray", is_flag=True, default=None, help="Make colour images grey.")
@click.option(
    "--data-budget",
    metavar="SIZE",
    help="Read images while training if they take more, 4GB. Default: a quarter of free memory.",
)
@click.option(
    "--backend",
    type=click.Choice(("tensorflow", "jax", "torch")),
    help="What Keras runs on. Default: KERAS_BACKEND, else Keras's own choice.",
)
@click.option(
    "--precision",
    type=click.Choice(("float32", "mixed_bfloat16", "mixed_float16")),
    help="What layers compute in while training.",
    show_default="float32",
)
@click.option(
    "--kernels",
    type=click.Choice(("fused", "stock")),
    help="What steps run by: the kit's faster kernels, or Keras's own arithmetic alone.",
    show_default="fused",
)
@click.option("--encoder-opt", type=KEY_VALUE, multiple=True, help="An option of the encoder.")
@click.option("--decoder-opt", type=KEY_VALUE, multiple=True, help="An option of the decoder.")
@click.option("--loss-opt", type=KEY_VALUE, multiple=True, help="An option of the loss.")
@click.option(
    "--checkpoint-every",
    metavar="N",
    help="How often to save all that resuming needs: 50steps, 5min or 1epoch.",
    show_default="1epoch",
)
@click.option("--step-log", is_flag=True, default=None, help="Write each step's loss: steps.csv.")
@startup_options
@click.option("--verbose", is_flag=True, help="Say what was chosen for this machine, and why.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, if there is one.")
@_allow_change
@click.option("--config", metavar="FILE", help="TOML file of these options; the line wins.")
@click.option("--save-config", metavar="FILE", help="Write the options as they were resolved.")
def train(
    config: str | None,
    save_config: str | None,
    verbose: bool,
    resume: bool,
    allow_change: tuple[str, ...],
    **given: Any,
) -> None:
    """Build a VAE from parts, train it, and save it with its record and pictures.

    `vaekit plugins` lists the parts, `vaekit plugins show NAME` the options of one.
    """
    from vaekit.config import TrainConfig, read_config, write_config

    values = read_config(config) if config else {}
    for name, value in given.items():
        if name.endswith("_opt"):
            values[name] = {**values.get(name, {}), **dict(value)}
        elif value is not None:
            values[name] = value
    checked = TrainConfig.checked(values)

    from vaekit import api
    from vaekit.plugins import warn_of_broken
    from vaekit.startup import lines

    try:
        session = api.ready(checked, None, resume=resume, allow_change=allow_change)
    except VaekitError:
        warn_of_broken()  # before the error, which it may explain
        raise
    warn_of_broken()
    if save_config:
        # A default run directory is for this run alone.
        write_config(session.config.model_copy(update={"out": checked.out}), save_config)
    if verbose:
        for line in lines(session.record["choices"]):
            click.echo(line)
    _report(api.finish(session))


@click.command(short_help="Go on with a run that stopped.")
@run_argument
@click.option("--epochs", type=int, help="Ask for more epochs in all.")
@click.option("--from", "checkpoint", metavar="NAME", help="A checkpoint. Default: the newest.")
@_allow_change
def resume(
    run: str, epochs: int | None, checkpoint: str | None, allow_change: tuple[str, ...]
) -> None:
    """Go on with a run from its newest checkpoint, as if it had never stopped.

    What isn't as it was when the run began is refused with a list.
    """
    from vaekit import api

    _report(api.resume(run, epochs=epochs, checkpoint=checkpoint, allow_change=allow_change))


def _report(run: Run) -> None:
    """Say what became of a run, and end with the code that says so too."""
    record = run.record
    if record["status"] == "interrupted":
        training = record["training"]
        click.echo(
            f"Stopped after {training['steps_done']} steps ({training['epochs_done']} whole "
            f"epochs); saved in {run.path}. Go on with: vaekit resume {run.path}"
        )
        raise SystemExit(stopped_by(record.get("stopped_by")))
    click.echo(f"Saved in {run.path}: models, history.csv, run.json and figures/.")
