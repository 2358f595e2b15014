"""The engine: what a training step moves weights by, and that evaluation is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np

from vaekit.checkpoint import snapshot
from vaekit.engine import Evaluation, Program, compile_train, score
from vaekit.errors import BuildError
from vaekit.model import run_model
from vaekit.proof.claim import Claim, Comparison, holds, near
from vaekit.proof.parts import installed
from vaekit.proof.small_vae import SHAPE, kit_part, normalised_encoder, program_of
from vaekit.registry import Component
from vaekit.testing import CheckSkipped, Subject, subject_of
from vaekit.testing.served import latents_served
from vaekit.testing.training import array

_AREA = "engine"
_BATCH = 16
_RATE, _STEP = 1e-3, 0.02


def claims_of_steps(*, every_part: bool) -> Iterator[Claim]:
    """Gradients, updates and evaluation.

    every_part: whether gradients are tried beside every registered latent and prior of real values,
        not the kit's `normal` alone.
    """
    for name, sentence, compare in (
        ("evaluation is at rest", "an image scores the same alone as among others", _alone),
        (
            "evaluation changes nothing",
            "all variables are as before, and twice it says the same",
            _twice,
        ),
        ("KL", "the reported KL is the posterior's, in NumPy, by dimension and summed", _kl),
        (
            "error",
            "mse is the mean over pixels of (x - decoded)^2, psnr is -10 log10 of it",
            _error,
        ),
        ("sums", "loss = sum of its terms; of the loss `elbo` it is -ELBO", _sums),
        ("averages", "evaluation's averages are the means of scores", _averages),
        ("active units", "as many as Var E[z|x] > 0.01 counts, in NumPy", _active),
        (
            "kernels",
            "three steps move weights alike by the kit's kernels and by Keras's own",
            _kernels,
        ),
        ("Adam", "its first steps are those of Kingma and Ba's algorithm 1, in NumPy", _adam),
    ):
        yield Claim(_AREA, name, sentence, compare)
    for name, parts in _gradient_cases(every_part=every_part):
        yield Claim(
            name,
            "gradient of a step",
            "a step moves each weight by the rate times the loss's slope, by finite differences",
            partial(_gradient, parts),
        )


def _gradient_cases(*, every_part: bool) -> Iterator[tuple[str, Mapping[str, Component]]]:
    yield "latent normal", {"latent": kit_part("latent", "normal")}
    if not every_part:
        return
    for part in installed("latent"):
        if part.name != "normal":
            yield f"latent {part.name}", {"latent": part}
    for part in installed("prior"):
        yield f"prior {part.name}", {"prior": part}


def _images(count: int = _BATCH) -> np.ndarray:
    return np.random.default_rng(0).random((count, *SHAPE)).astype("float32")


def _block(steps: int) -> np.ndarray:
    return np.tile(np.arange(_BATCH, dtype="int32"), (steps, 1))


def _normalised(**config: Any) -> Program:
    """Of an encoder with batch norm."""
    parts = {"encoder": subject_of(normalised_encoder, "encoder").component}
    return program_of(parts, 2, optimizer=keras.optimizers.Adam(1e-3), **config)


def _alone() -> Comparison:
    program = _normalised()
    compile_train(program, _images())(_block(1))
    together = score(program, _images())["kl"]
    alone = [score(program, _images()[[n]])["kl"][0] for n in (0, 7)]
    return near(together[[0, 7]], alone, rtol=1e-3)


def _twice() -> Comparison:
    program = _normalised()
    before = snapshot(program.state)
    evaluation = Evaluation(program, _images())
    first, second = evaluation(), evaluation()
    same = all(
        np.array_equal(value, now)
        for (_, value), (_, now) in zip(before, snapshot(program.state), strict=True)
    )
    if not same:
        return holds(False, "variables as before", "others")
    return holds(first == second, "the same twice", "the same" if first == second else "another")


def _linear(loss: str = "elbo", latent: str = "normal", latents: int = 3, **more: Any) -> Program:
    parts = {"loss": kit_part("loss", loss), "latent": kit_part("latent", latent)}
    return program_of(parts, latents, **more)


def _kl() -> Comparison:
    program = _linear()
    mean, log_var = run_model(program.vae.posterior, _images())
    by_unit = 0.5 * (mean**2 + np.exp(log_var) - 1.0 - log_var)
    told = Evaluation(program, _images())()
    expected = [by_unit.sum(axis=-1).mean(), *by_unit.mean(axis=0)]
    each = np.stack([by_unit.sum(axis=-1), score(program, _images())["kl"]])
    assert isinstance(told["kl_dim"], list)
    return near([*expected, *each[0]], [told["kl"], *told["kl_dim"], *each[1]])


def _error() -> Comparison:
    program = _linear("tutorial", "deterministic")
    (decoded,) = run_model(program.vae.autoencoder, _images())
    errors = ((decoded - _images()) ** 2).mean(axis=(1, 2, 3))
    told, each = Evaluation(program, _images())(), score(program, _images())
    expected = [
        errors.mean(),
        -10.0 * np.log10(errors.mean()),
        *errors,
        *(-10.0 * np.log10(errors)),
    ]
    return near(expected, [told["mse"], told["psnr"], *each["mse"], *each["psnr"]])


def _sums() -> Comparison:
    program = _linear()
    told = score(program, _images())
    terms = told["reconstruction"] + told["kl"]
    rows = compile_train(program, _images())(_block(1))[0]
    total, *parts = (
        rows[program.columns.offset(name)] for name in ("loss", "reconstruction", "kl")
    )
    return near([*terms, *-told["elbo"], sum(parts)], [*told["loss"], *told["loss"], total])


def _averages() -> Comparison:
    program = _linear()
    images = _images(300)  # more than a batch of evaluation's
    told, each = Evaluation(program, images)(), score(program, images)
    names = ("loss", "elbo", "kl", "mse")
    return near([each[name].astype("float64").mean() for name in names], [told[n] for n in names])


def _active() -> Comparison:
    program = _linear(latents=4)
    heads = {v.path: v for v in program.vae.trainable_variables}
    heads["encoder_mu/kernel"].assign(
        array(heads["encoder_mu/kernel"]) * np.array([1, 0, 1, 1e-3], np.float32)
    )
    (mean, _) = run_model(program.vae.posterior, _images(200))
    expected = int((mean.var(axis=0) > 0.01).sum())
    return near(expected, Evaluation(program, _images(200))()["active_units"])


def _kernels() -> Comparison:
    moved = []
    for kernels in ("fused", "stock"):
        program = _normalised(kernels=kernels)
        compile_train(program, _images())(_block(3))
        moved.append(np.concatenate([array(v).ravel() for v in program.vae.variables]))
    # Where a gradient is rounding alone, Adam's steps are, too.
    apart = np.abs(moved[0] - moved[1])
    return near(0.0, float(np.quantile(apart, 0.9)), atol=1e-4)


def _adam() -> Comparison:
    """By gradients that SGD reveals at the same weights and noise."""
    adam = _linear(optimizer=keras.optimizers.Adam(_RATE))
    sgd = _linear(optimizer=keras.optimizers.SGD(1.0))
    train, reveal = compile_train(adam, _images()), compile_train(sgd, _images())
    weights = [adam.vae.trainable_variables, sgd.vae.trainable_variables]
    first = second = np.float64(0.0)
    expected = _vector(weights[0])
    for number in (1, 2):
        for one, other in zip(*weights, strict=True):
            other.assign(array(one))
        sgd.noise.state.assign(array(adam.noise.state))
        before = _vector(weights[1])
        reveal(_block(1))
        gradient = before - _vector(weights[1])
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        unbiased = first / (1.0 - 0.9**number), second / (1.0 - 0.999**number)
        expected = expected - _RATE * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-7)
        train(_block(1))
    return near(expected, _vector(weights[0]), rtol=1e-4, atol=0.05 * _RATE)


def _vector(variables: Any) -> np.ndarray:
    return np.concatenate([array(v).ravel().astype("float64") for v in variables])


def _gradient(parts: Mapping[str, Component]) -> Comparison:
    try:
        program = _program_beside(parts)
    except BuildError as error:
        raise CheckSkipped(str(error)) from error
    if program.vae.latent.support != "real":
        raise CheckSkipped(
            f"its draws lie on {program.vae.latent.support!r}: slopes are taken of real ones alone"
        )
    objective, train = program.objectives[0], compile_train(program, np.rint(_images()))
    start = snapshot(program.state)
    offset = program.columns.offset(objective.total)

    def loss() -> float:
        return float(train(_block(1))[0, offset]) / _BATCH

    def restart() -> None:
        for variable, (_, value) in zip(program.state, start, strict=True):
            variable.assign(value)

    loss()
    variables = objective.variables
    slopes = [(array(variable) * 1.0, variable) for variable in variables]
    restart()
    rng = np.random.default_rng(0)
    expected, got, scale = [], [], []
    for moved, variable in slopes:
        begin = array(variable)
        gradient = (begin.astype("float64") - moved) / _RATE
        way = rng.normal(size=begin.shape)
        way /= np.linalg.norm(way)
        ends = []
        for step in (_STEP, -_STEP, 2 * _STEP, -2 * _STEP):
            restart()
            variable.assign((begin + step * way).astype(begin.dtype))
            ends.append(loss())
        restart()
        # By four points, so that the loss's third derivative is none of the difference.
        expected.append((8.0 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / (12.0 * _STEP))
        got.append(float((gradient * way).sum()))
        scale.append(np.linalg.norm(gradient) / np.sqrt(gradient.size))
    return near(expected, got, rtol=0.02, atol=0.02 * max(scale) + 5e-3)


def _program_beside(parts: Mapping[str, Component]) -> Program:
    beside = {}
    if "prior" in parts:
        beside["latent"] = latents_served(Subject(parts["prior"]))[0].component
    sgd = keras.optimizers.SGD(_RATE)
    return program_of({**parts, **beside}, 2, optimizer=sgd)
