"""What a training run is asked to be: one checked, serialisable value.

Each field says its type, its default and its meaning once; the command line's flags, the signature
of `vaekit.train` and the reference are made from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from vaekit.augmentation import AUGMENTATIONS, GREY_MAKING, parse_augmentations
from vaekit.cadence import parse_cadence
from vaekit.errors import OptionError, UnknownNameError, closest
from vaekit.image_size import parse_image_size
from vaekit.presets import AUTO as AUTO_PRESET
from vaekit.presets import SMALL, named_preset
from vaekit.recipes import AUTO, AUTO_EPOCHS, AUTO_PATIENCE, FAST, RECIPES, TUTORIAL
from vaekit.registry import RUN_KINDS
from vaekit.startup import Settings
from vaekit.startup.choices import Allocator, Device
from vaekit.wording import option_text

Backend = Literal["tensorflow", "jax", "torch"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
KernelChoice = Literal["fused", "stock"]
Autotune = Literal["auto", "on", "off", "again"]
Averages = Literal["precise", "moving"]
Binarization = Literal["dynamic", "static", "threshold"]
Resize = Literal["stretch", "crop", "pad"]
RecipeName = Literal["tutorial", "fast"]
ConditionCode = Literal["one-hot", "embedded"]
Positive = Annotated[int, Ge(1)]
Group = Literal["parts", "data", "training", "output", "machine", "workers"]
Effect = Literal["computed", "chosen", "none"]

# The most steps that one call takes: engines may reserve room for that many rows.
MAX_STEPS = 256


def _checked_size(value: Any) -> Any:
    """Pydantic itself overlooks what follows a size."""
    if not re.fullmatch(r"\d+(\.\d+)?[kmgt]?i?b|\d+", str(value), re.IGNORECASE):
        raise ValueError("give a size like 500MB, 4GB or 1.5GiB")
    return value


def _path_text(value: Any) -> Any:
    """Any path-like will do for a path."""
    return fspath(value) if isinstance(value, PathLike) else value


def _checked_epochs(value: Any) -> Any:
    """A union's own errors speak of its members."""
    if isinstance(value, str) and value != AUTO and not value.isdecimal():
        raise ValueError(f"give a number of epochs, or {AUTO}")
    return value


def parse_names(value: Any) -> Any:
    """`nll,mig`, or a list of such names, as a tuple; else it is for others to refuse."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return tuple(value) if isinstance(value, list) else value


Epochs = Annotated[Positive | Literal["auto"], BeforeValidator(_checked_epochs)]
Size = Annotated[ByteSize, BeforeValidator(_checked_size)]
PathText = Annotated[str, BeforeValidator(_path_text)]
Names = Annotated[tuple[str, ...], BeforeValidator(parse_names)]
AugmentationNames = Annotated[tuple[str, ...], BeforeValidator(parse_augmentations)]
ImageSize = Annotated[tuple[Positive, Positive], BeforeValidator(parse_image_size)]


def option(
    default: Any,
    meaning: str,
    group: Group,
    *,
    metavar: str | None = None,
    shown_default: str | None = None,
    effect: Effect = "computed",
    once: bool = False,
) -> Any:
    """A field of the config.

    meaning: one sentence, for help and reference.
    group: which commands take it: `vaekit bench` leaves out those of training and output.
    metavar: what stands for its value in help, where the type doesn't say it.
    shown_default: the default in words, where its value doesn't say it.
    effect: `computed` decides what a run computes, so a change of it keeps a run from going on;
        `chosen` does too, but by the value that the kit chose; `none` doesn't.
    once: whether two of it on a command line are refused; of others the last one is taken.
    """
    about: dict[str, Any] = {
        "group": group,
        "metavar": metavar,
        "shown_default": shown_default,
        "effect": effect,
        "once": once,
    }
    default_of = {"default_factory": default} if callable(default) else {"default": default}
    return Field(**default_of, description=meaning, json_schema_extra=about)


def _or_by_preset(default: Any) -> str:
    return f"{default}; colour or over {SMALL} pixels: by preset"


def _by_recipe(name: str) -> str:
    return _or_by_preset(
        f"{getattr(RECIPES[TUTORIAL], name)}; {FAST}: {getattr(RECIPES[FAST], name)}"
    )


def _part_fields() -> dict[str, Any]:
    """Two fields for each kind that a run is built of: a part's name, and its options."""
    fields: dict[str, Any] = {}
    for kind in RUN_KINDS.values():
        shown = None if kind.default is None else _or_by_preset(kind.default)
        name = option(kind.default, kind.meaning, "parts", metavar="NAME", shown_default=shown)
        options = option(dict, f"An option of the {kind.name}.", "parts", metavar="K=V")
        type_ = str if kind.default is not None else str | None
        fields |= {kind.name: (type_, name), kind.options_field: (dict[str, Any], options)}
    return fields


if TYPE_CHECKING:
    _PartFields = BaseModel
else:
    _PartFields = create_model(
        "_PartFields", __config__=ConfigDict(defer_build=True), **_part_fields()
    )


class TrainConfig(_PartFields):
    """Everything that decides a run. The defaults are the tutorial's; for colour images, and those
    of more than 32 pixels, `preset` decides what isn't named.

    Each kind of part that a run is built of has two fields, `encoder` and `encoder_opt` and so on;
    `parts` and `part_options` give them by kind. Where `epochs`, `batch_size` or `learning_rate`
    aren't given, the recipe chooses. None, for what concerns the machine, leaves the choice to the
    kit.
    """

    # Help reads the fields and checks no value: what checks them is built when one is.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    data: PathText | None = option(
        None,
        "A registered name or a path.",
        "data",
        metavar="SOURCE",
        shown_default="mnist, or mnist-sample where it can't be had",
        once=True,  # or one might take both to be read
    )
    data_opt: dict[str, Any] = option(
        dict, "An option of a registered data set.", "data", metavar="K=V"
    )
    preset: str = option(
        AUTO_PRESET,
        "What decides all that isn't named. auto: a table, by the size, channels and number of the "
        "images; else a combination of parts by its name, of those that `vaekit presets` lists.",
        "parts",
        metavar="NAME",
        effect="none",  # what it decided is compared
    )
    latent_dim: Positive = option(2, "Length of z.", "parts", shown_default=_or_by_preset(2))
    condition: Literal["labels"] | None = option(
        None,
        "What encoder and decoder are told of an image beside its pixels: its class.",
        "parts",
        shown_default="nothing",
    )
    condition_code: ConditionCode = option(
        "one-hot", "What stands for a class in a model: one-hot, or embedded, learned.", "parts"
    )
    label_fraction: Annotated[float, Gt(0), Le(1)] = option(
        1.0,
        "Share of the training images whose class is used, as many of each; the others train as "
        "unlabelled, by a loss that can.",
        "training",
        metavar="F",
    )
    recipe: RecipeName = option(
        TUTORIAL,
        f"How to train. {' '.join(f'{name}: {r.summary}' for name, r in RECIPES.items())}",
        "training",
        shown_default=_or_by_preset(TUTORIAL),
    )
    epochs: Epochs = option(
        RECIPES[TUTORIAL].epochs,
        f"Passes over the training images; {AUTO}: until patience ends them, {AUTO_EPOCHS} at "
        "most.",
        "training",
        metavar="N",
        shown_default=_by_recipe("epochs"),
    )
    patience: Positive | None = option(
        None,
        "Stop after N epochs without a better ELBO of held-out images (loss, where there is no "
        "ELBO), and keep the best epoch's weights.",
        "training",
        metavar="N",
        shown_default=f"never; --epochs {AUTO}: {AUTO_PATIENCE}",
    )
    batch_size: Positive = option(
        RECIPES[TUTORIAL].batch_size,
        "Images a step.",
        "training",
        shown_default=_by_recipe("batch_size"),
    )
    accumulate: Positive = option(
        1,
        "Take a batch's gradients in N equal slices, and average them before the one update: the "
        "memory of a slice. Batch norm has the moments of a slice.",
        "training",
        metavar="N",
    )
    learning_rate: Annotated[float, Gt(0)] = option(
        RECIPES[TUTORIAL].learning_rate,
        "Adam's step size, or the highest of a curve.",
        "training",
        shown_default=_by_recipe("learning_rate"),
    )
    batch_norm_averages: Averages = option(
        "precise",
        "What held-out images are normalised by. precise: taken anew over training images, under "
        "the present weights; moving: Keras's moving averages.",
        "training",
    )
    seed: Annotated[int, Ge(0), Lt(2**31)] = option(
        0, "Decides weights, order and noise.", "training"
    )
    limit: Positive | None = option(None, "Use only the first N images of each split.", "data")
    validation_split: Annotated[float, Gt(0), Lt(1)] = option(
        0.1, "Share of images to validate on where the source has no test set.", "training"
    )
    image_size: ImageSize | None = option(
        None, "Resize images, 64 or 64x48.", "data", metavar="HxW"
    )
    resize: Resize | None = option(
        None,
        "How images come to that size: crop cuts off what is beside its shape and never enlarges, "
        "pad adds black, stretch distorts.",
        "data",
        shown_default="crop of image files, enlarging small ones; stretch of arrays",
        effect="none",  # told with the data
    )
    skip_bad: bool = option(
        False,
        "Go on without the files of a folder that can't be read as images.",
        "data",
        effect="none",  # told with the data
    )
    gray: bool = option(False, "Make colour images grey.", "data")
    augment: AugmentationNames = option(
        (),
        f"Change training images at random, by any of {', '.join(AUGMENTATIONS)}: flip,shift.",
        "data",
        metavar="NAMES",
    )
    binarize: Binarization | None = option(
        None,
        "Make images black and white. dynamic: white with the grey as its probability, drawn anew "
        "in each training step, and once, by the seed, of images that aren't trained on; static: "
        "once of all; threshold: from mid-grey on.",
        "data",
        shown_default="grey, as they are",
    )
    data_budget: Size | None = option(
        None,
        "Read images while training if they take more, 4GB.",
        "data",
        metavar="SIZE",
        shown_default="a quarter of free memory",
    )
    backend: Backend | None = option(
        None,
        "What Keras runs on.",
        "machine",
        shown_default="KERAS_BACKEND, else Keras's own choice",
    )
    precision: Precision = option("float32", "What layers compute in while training.", "machine")
    remat: bool = option(
        False,
        "Whether training keeps a few of the nets' feature maps and computes the others again on "
        "the way back: less memory, more time, the same gradients.",
        "machine",
    )
    kernels: KernelChoice | None = option(
        None,
        "What steps run by: the kit's faster kernels, or Keras's own arithmetic alone.",
        "machine",
        shown_default="fused",
        effect="chosen",
    )
    out: PathText | None = option(
        None,
        "Run directory.",
        "output",
        metavar="DIR",
        shown_default="runs/PARTS-TIME",
        effect="none",
    )
    checkpoint_every: str = option(
        "1epoch",
        "How often to save all that resuming needs: 50steps, 5min or 1epoch.",
        "output",
        metavar="N",
        effect="none",
    )
    step_log: bool = option(False, "Write each step's loss: steps.csv.", "output", effect="none")
    metric: Names = option(
        (),
        "Metrics to measure the run by on its validation images, once it is trained: nll,mig.",
        "output",
        metavar="NAMES",
        effect="none",
        once=True,
    )
    metric_opt: dict[str, Any] = option(
        dict,
        "An option of the metric; of several, NAME.K=V.",
        "output",
        metavar="K=V",
        effect="none",
    )
    metric_every: Positive | None = option(
        None,
        "Measure by the metrics after every N epochs, too.",
        "output",
        metavar="N",
        shown_default="at the end alone",
        effect="none",
    )
    track: Names = option(
        (),
        "Trackers to tell of the run while it trains: tensorboard,mlflow.",
        "output",
        metavar="NAMES",
        effect="none",
        once=True,
    )
    track_opt: dict[str, Any] = option(
        dict,
        "An option of the tracker; of several, NAME.K=V.",
        "output",
        metavar="K=V",
        effect="none",
    )
    figures: bool = option(True, "Whether to draw pictures of the run.", "output", effect="none")
    gif: bool = option(
        True, "Whether to show how it learns, in figures/training.gif.", "output", effect="none"
    )
    report: bool = option(
        True,
        "Whether to write report.html, the run on one page; without pictures there is none.",
        "output",
        effect="none",
    )
    device: Device | None = option(
        None,
        "What to compute on.",
        "machine",
        shown_default="a GPU if the backend sees one",
        effect="none",  # told with the machine
    )
    threads: Positive | None = option(
        None,
        "Threads an operation.",
        "machine",
        shown_default="the backend's own number",
        effect="chosen",
    )
    allocator: Allocator | None = option(
        None,
        "keep: hold on to freed memory (Linux with glibc).",
        "machine",
        shown_default="keep on PyTorch, else system",
        effect="none",
    )
    onednn: bool | None = option(
        None,
        "Whether TensorFlow uses oneDNN's kernels.",
        "machine",
        shown_default="yes",
        effect="chosen",
    )
    steps_per_call: Annotated[int, Ge(1), Le(MAX_STEPS)] | None = option(
        None,
        "Steps a call of the compiled loop.",
        "machine",
        metavar="N",
        shown_default="what takes half a second",
        effect="none",
    )
    compile: bool | None = option(
        None,
        "Whether torch compiles the step; the other backends always do.",
        "machine",
        shown_default="no",
        effect="chosen",
    )
    xla: bool | None = option(
        None,
        "Whether XLA compiles the step on TensorFlow; on JAX it always does.",
        "machine",
        shown_default="no",
        effect="chosen",
    )
    autotune: Autotune = option(
        "auto",
        "Whether what is faster on this machine is measured once, kept, and chosen. auto: for a "
        "long run; again: measure anew.",
        "machine",
        effect="none",  # what it chose is compared
    )

    workers: Positive = option(
        1,
        "Processes that train one model in step, each on its share of every batch: by Ray, or "
        "those that torchrun or Slurm started.",
        "workers",
        shown_default="1; as many as torchrun started",
    )
    ray_address: str | None = option(
        None,
        "Where Ray runs: local, on this machine for this run; auto, the cluster of which this "
        "machine is one; or HOST:PORT of its head.",
        "workers",
        metavar="ADDRESS",
        shown_default="local",
        effect="none",
    )
    max_restarts: Annotated[int, Ge(0)] = option(
        3,
        "How often lost workers are replaced, and the run goes on from its last checkpoint.",
        "workers",
        metavar="N",
        effect="none",
    )

    if TYPE_CHECKING:

        def __init__(self, **values: Any) -> None: ...

    @property
    def parts(self) -> dict[str, str]:
        """The names of the run's parts, by kind; a kind without one is left out."""
        names = {kind: getattr(self, kind) for kind in RUN_KINDS}
        return {kind: name for kind, name in names.items() if name is not None}

    @property
    def part_options(self) -> dict[str, dict[str, Any]]:
        """The options given for each of the run's parts, by kind."""
        return {name: getattr(self, kind.options_field) for name, kind in RUN_KINDS.items()}

    @property
    def most_epochs(self) -> int:
        """How many epochs there are, unless `patience` ends training before."""
        return AUTO_EPOCHS if self.epochs == AUTO else self.epochs

    @property
    def workers_asked(self) -> int | None:
        """How many workers were asked for; None where that was left open."""
        return self.workers if "workers" in self.model_fields_set else None

    @property
    def settings(self) -> Settings:
        """What is asked of the process that the backend starts in."""
        return Settings(self.device, self.threads, self.allocator, self.onednn)

    @model_validator(mode="wrap")
    @classmethod
    def _leave_to_recipe(cls, values: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """What the recipe chooses, where it isn't given; an unknown recipe is refused later."""
        recipe = None
        if isinstance(values, Mapping):
            recipe = RECIPES.get(str(values.get("recipe", TUTORIAL)))
        if recipe is None:
            return validate(values)
        chosen = {name: getattr(recipe, name) for name in ("epochs", "batch_size", "learning_rate")}
        config = validate({**chosen, **values})
        config.model_fields_set.intersection_update(values)  # what was chosen wasn't named
        return config

    @model_validator(mode="before")
    @classmethod
    def _auto_needs_patience(cls, values: Any) -> Any:
        if values.get("epochs") == AUTO and values.get("patience") is None:
            return {**values, "patience": AUTO_PATIENCE}
        return values

    @field_validator("label_fraction")
    @classmethod
    def _fraction_needs_labels(cls, value: float, info: ValidationInfo) -> float:
        if value < 1 and info.data.get("condition") is None:
            raise ValueError(f"without {option_text('condition', 'labels')} no label is used")
        return value

    @field_validator("binarize")
    @classmethod
    def _stays_binary(cls, value: Any, info: ValidationInfo) -> Any:
        names = [name for name in info.data.get("augment", ()) if name in GREY_MAKING]
        if names and value in ("static", "threshold"):
            raise ValueError(
                f"{option_text('augment', ','.join(names))} would make black and white images grey "
                "again. Leave it out, or draw in each step, after it: dynamic"
            )
        return value

    @field_validator("epochs")
    @classmethod
    def _auto_has_no_curve(cls, value: Any, info: ValidationInfo) -> Any:
        recipe = info.data.get("recipe", TUTORIAL)
        if value == AUTO and RECIPES[recipe].warmup is not None:
            raise ValueError(
                f"recipe {recipe} has a rate that follows a curve over all epochs, so it must know "
                "how many there are. Give their number; patience may still end training before"
            )
        return value

    @field_validator("preset")
    @classmethod
    def _is_preset(cls, value: str) -> str:
        if value != AUTO_PRESET:
            try:
                named_preset(value)
            except UnknownNameError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("checkpoint_every")
    @classmethod
    def _is_cadence(cls, value: str) -> str:
        parse_cadence(value)
        return value

    @classmethod
    def checked(cls, values: Mapping[str, Any], where: str = "") -> TrainConfig:
        """A config from plain values; `where` (a file) is named in what goes wrong.

        Raises `OptionError` for an unknown name or a value that doesn't fit.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            prefix = f"{where}: " if where else ""
            if first["type"] == "extra_forbidden":
                raise OptionError(
                    f"{prefix}there is no option {name!r}. {closest(name, cls.model_fields)}"
                ) from None
            wrong = first["msg"].removeprefix("Value error, ")
            option_name = name if where else option_text(name)
            raise OptionError(
                f"{prefix}{option_name} can't be {first['input']!r}: {wrong[0].lower()}{wrong[1:]}"
                f"{'' if wrong.endswith(('.', '?')) else '.'}"
            ) from None


# The fields that say which parts a run is built of, and with which options.
PART_FIELDS = frozenset(
    name for kind in RUN_KINDS.values() for name in (kind.name, kind.options_field)
)


def fields_with_effect(*effects: Effect) -> list[str]:
    """The names of the fields whose effect is one of these."""
    return [name for name in TrainConfig.model_fields if about(name, "effect") in effects]


def about(field: str, what: str) -> Any:
    """What `option` was told of a field."""
    return TrainConfig.model_fields[field].json_schema_extra[what]  # type: ignore[index]
