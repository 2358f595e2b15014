"""`vaekit calibrate`: what a run needs before it can say which images are outliers."""

from __future__ import annotations

import click

from vaekit.cli.values import KEY_VALUE, data_option, run_argument, skip_bad_option

# As `vaekit.outliers.SCORES` has them, which needs Keras; a test holds them to be the same.
SCORE_NAMES = ("elbo", "reconstruction", "regret", "latent")


@click.command(short_help="Score normal images, so that outliers can be told.")
@run_argument
@data_option(
    "Normal images that the run wasn't trained on, a registered name or a path. Default: the "
    "held-out images of what it was trained on."
)
@click.option(
    "--score",
    type=click.Choice(SCORE_NAMES),
    default="elbo",
    show_default=True,
    help="What to ask of an image.",
)
@click.option(
    "--score-opt", "options", type=KEY_VALUE, multiple=True, help="An option of the score."
)
@click.option(
    "--alpha",
    type=float,
    default=0.01,
    show_default=True,
    help="The least share of false alarms that will be asked for.",
)
@click.option(
    "--split",
    type=click.Choice(("held-out", "train", "test")),
    default="held-out",
    show_default=True,
    help="Which images; held-out is those that `evaluate` takes.",
)
@click.option("--limit", type=click.IntRange(1), help="Use only the first N of them.")
@click.option(
    "--trained-on",
    metavar="SOURCE",
    help="What the run was trained on, where it isn't where it was.",
)
@click.option(
    "--leave-out-trained",
    is_flag=True,
    help="Go on without images that the run was trained on, instead of refusing.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="What scores draw by."
)
@skip_bad_option
def calibrate(
    run: str,
    data: str | None,
    score: str,
    options: tuple[tuple[str, str], ...],
    alpha: float,
    split: str,
    limit: int | None,
    trained_on: str | None,
    leave_out_trained: bool,
    seed: int,
    skip_bad: bool,
) -> None:
    """Score normal images and save the scores in the run, for `vaekit score --alpha`.

    An image that comes from where these come from is then called an outlier with a probability of
    alpha at most. That holds if they and the new ones are draws from one source, in no order that
    matters, and training never saw them: images that it saw are refused.

    elbo is minus the ELBO, in nats; reconstruction the mean squared error; regret what the ELBO
    gains by each image's own posterior, which doesn't take simpler images for normal, and is slow;
    latent the distance of z from the training images'. Several may be calibrated.
    """
    from vaekit import api

    calibration = api.load(run).calibrate(
        data,
        score,
        options=dict(options),
        alpha=alpha,
        split=split,
        limit=limit,
        trained_on=trained_on,
        leave_out_trained=leave_out_trained,
        seed=seed,
        skip_bad=skip_bad,
        progress=True,
    )
    from vaekit.outliers import spread_of_false_alarms, threshold

    record = calibration.record
    mean, spread = spread_of_false_alarms(record.images, alpha)
    click.echo(f"{run}: {record.score} of {record.images} images ({record.split} of {record.data})")
    if record.left_out:
        click.echo(f"{record.left_out} others were trained on and are left out.")
    click.echo(
        f"At alpha {alpha:g} an outlier's score is above "
        f"{threshold(calibration.scores, alpha):.6g}. Of normal images, {mean:.2%} are called "
        f"outliers: over calibrations of so many, with a standard deviation of {spread:.2%}."
    )
