"""All that was chosen for one run, with the reasons."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import keras

from vaekit.autotune import OPTIONS, UNTUNED, Tuning
from vaekit.config import MAX_STEPS, TrainConfig
from vaekit.data import StoredPixels
from vaekit.engine import SECONDS_A_CALL
from vaekit.kernels import usable_kernels
from vaekit.run import RunRecord
from vaekit.startup import Choice, choose_compilation, choose_xla, device_name, started
from vaekit.trainer.keras_callbacks import want_batches
from vaekit.types import Pixels
from vaekit.wording import option_text


def make_choices(
    config: TrainConfig,
    callbacks: Sequence[keras.callbacks.Callback],
    images: Pixels,
    preset: Choice,
    resumed: RunRecord | None = None,
    tuning: Tuning = UNTUNED,
) -> list[Choice]:
    """What holds for a run of `config` on `images`, in the order in which people are told.

    preset: which one decided what was left open of the config.
    resumed: the record of the run that goes on, if one does.
    tuning: what was chosen for a new run by what was measured on this machine.

    Raises `UserError` for a wish that can't be fulfilled.
    """
    backend = keras.backend.backend()
    choices = [
        preset,
        _backend(config, backend),
        _autotune(tuning, resumed),
        *started(),
        _precision(config),
        _kernels(config, backend),
        choose_compilation(
            backend,
            config.compile,
            began=resumed.chosen("compile") if resumed else None,
            kernels=config.kernels or "fused",
        ),
        choose_xla(backend, config.xla, workers=config.workers),
        _steps_per_call(config, callbacks),
        _data(config, images),
    ]
    reasons = {**tuning.reasons, **_reasons_kept(resumed, choices)}
    return [
        choice._replace(why=reasons.get(choice.name, choice.why))
        for choice in choices
        if choice is not None
    ]


def _autotune(tuning: Tuning, resumed: RunRecord | None) -> Choice:
    if resumed is None:
        return tuning.choice
    was = resumed.choices.get("autotune")
    if was is None:
        return Choice("autotune", "off", "as the run began")
    return Choice("autotune", was.value, was.why)


def _reasons_kept(resumed: RunRecord | None, choices: Sequence[Choice | None]) -> dict[str, str]:
    """Why a run that goes on began with what it has: not since an option of its record asks."""
    began = {} if resumed is None else resumed.choices
    return {
        choice.name: began[choice.name].why
        for choice in choices
        if choice and choice.name in OPTIONS and choice.name in began
        if began[choice.name].value == choice.value
    }


def _backend(config: TrainConfig, backend: str) -> Choice:
    if config.backend is not None:
        return Choice("backend", backend, "as was asked for")
    if os.environ.get("KERAS_BACKEND"):
        return Choice("backend", backend, "as KERAS_BACKEND asks")
    return Choice("backend", backend, "Keras's own choice")


def _precision(config: TrainConfig) -> Choice:
    default = TrainConfig.model_fields["precision"].default
    why = "the default, which rounds least" if config.precision == default else "as was asked for"
    return Choice("precision", config.precision, why)


def _kernels(config: TrainConfig, backend: str) -> Choice:
    if config.kernels == "stock":
        return Choice("kernels", "stock", "as was asked for")
    kernels = usable_kernels(backend)
    if not kernels:
        return Choice("kernels", "fused", f"{backend} fuses Keras's own, so that none is replaced")
    names = ", ".join(kernel.name for kernel in kernels)
    return Choice("kernels", "fused", f"the default, for speed: {names}")


def _steps_per_call(config: TrainConfig, callbacks: Sequence[keras.callbacks.Callback]) -> Choice:
    if want_batches(callbacks):
        return Choice("steps_per_call", "1", "a callback looks at every batch")
    if config.steps_per_call is not None:
        return Choice(
            "steps_per_call", str(config.steps_per_call), f"as {option_text('steps_per_call')} asks"
        )
    why = f"as many as take {SECONDS_A_CALL} s, as measured on the way; {MAX_STEPS} at most"
    return Choice("steps_per_call", "adapted", why)


def _data(config: TrainConfig, images: Pixels) -> Choice:
    size = math.prod(images.shape) * images.dtype.itemsize / 2**20
    held = f"{size:,.1f} MiB as {images.dtype}"
    if isinstance(images, StoredPixels):
        by_user = config.data_budget is not None
        why = option_text("data_budget") if by_user else "a quarter of the memory that was free"
        return Choice("data", "streamed", f"{held}: more than {why}")
    return Choice("data", device_name(), f"{held}, as they were read")
