"""What requests carry, read as files of strangers are: images, arrays, latents, labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from io import BytesIO
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from vaekit.errors import DataError, UserError
from vaekit.pixels import as_floats
from vaekit.run import Run
from vaekit.run.image_content import read_image_content
from vaekit.serving.limits import PIXELS
from vaekit.types import Images
from vaekit.untrusted import json_text
from vaekit.untrusted.npy import read_npy
from vaekit.untrusted.reading import plain

NPY, JSON, IMAGE = "application/x-npy", "application/json", "image/*"
_ARRAY = b"\x93NUMPY"
# What says nothing of a body: curl sends the last of all that it posts.
_UNTOLD = ("", "application/octet-stream", "application/x-www-form-urlencoded")
JSON_BODY = 2**20  # bytes: what is parsed takes some 20 times as many
_LABELS = re.compile(r"-?[0-9]{1,9}(,-?[0-9]{1,9})*", re.ASCII)


class Latents(NamedTuple):
    """What is to be decoded: z `(N, *latent_shape)`, float32, or codes `(N, *code_shape)`, int64.

    labels: the class of each, where they came with them.
    """

    values: np.ndarray
    labels: Any = None


class SampleRequest(BaseModel):
    """What is to be sampled, as `Run.sample` has it."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    count: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    # No path, whatever file is looked for under the name.
    sampler: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    labels: list[int] | None = None


@contextmanager
def unfit_is_422() -> Iterator[None]:
    """What can be read, but isn't anything for this run, is answered 422 with the reason."""
    try:
        yield
    except UserError as error:
        raise HTTPException(422, str(error)) from error


def media_of(content_type: str, body: bytes, taken: Set[str]) -> str:
    """Which of `NPY`, `JSON` and `IMAGE` a body is: as it is declared, else by its beginning.

    taken: those that would do. Raises `HTTPException` 415 for any other.
    """
    declared = content_type.partition(";")[0].strip().lower()
    media = IMAGE if declared.startswith("image/") else declared
    if declared in _UNTOLD:
        other = IMAGE if IMAGE in taken else JSON
        media = NPY if body.startswith(_ARRAY) else other
    if media not in taken:
        wanted = " or ".join(sorted(taken))
        raise HTTPException(415, f"{plain(media)} is nothing that is taken here: send {wanted}.")
    return media


def read_images(run: Run, body: bytes, content_type: str, most: int) -> np.ndarray:
    """The images of a body, an image file or an array, `(N, H, W, C)`, float32 in [0, 1].

    Raises `DataError` for what is neither, `HTTPException` 422 for what isn't the run's.
    """
    if not body:
        raise DataError("Nothing was sent: the body is to be an image file, or an array as .npy.")
    if media_of(content_type, body, {NPY, IMAGE}) == IMAGE:
        pixels, _ = read_image_content(run, body, PIXELS)
        images: Any = Images(pixels[np.newaxis])
    else:
        images = _array(body)
        refuse_rows(len(images) if images.ndim else 0, most)
    with unfit_is_422():
        return as_floats(np.asarray(run.prepared(images).pixels))


def read_latents(run: Run, body: bytes, content_type: str, most: int) -> Latents:
    """The latents of a body: an array, or JSON of `z` or `codes`, and perhaps `labels`.

    Raises as `read_images` does.
    """
    labels = None
    if media_of(content_type, body, {NPY, JSON}) == NPY:
        values = _array(body)
    else:
        fields = _object(body, {"z", "codes", "labels"})
        labels = fields.get("labels")
        name = "codes" if "codes" in fields else "z"
        if name not in fields or {"z", "codes"} <= fields.keys():
            raise HTTPException(422, "The JSON needs either 'z' or 'codes'.")
        values = _numbers(fields[name], name)
        values = values if name == "codes" else values.astype(np.float64)
    refuse_rows(len(values) if values.ndim else 0, most)
    return Latents(_as_latents(run, values), labels)


def read_sample(body: bytes, content_type: str) -> SampleRequest:
    """What a body asks to be sampled; an empty one asks for one image. Raises as `read_images`."""
    media_of(content_type, body, {JSON})
    fields = _object(body, SampleRequest.model_fields.keys()) if body else {}
    try:
        return SampleRequest.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise HTTPException(422, plain(f"{where}: {first['msg']}")) from error


def read_labels(run: Run, text: str | None) -> np.ndarray | None:
    """The labels in an address, `3` or `3,1,4`; None where there are none.

    Raises `DataError` for what is no such list, `HTTPException` 422 where the run takes none.
    """
    if text is None:
        return None
    if not run.takes_labels:
        raise HTTPException(422, "The run has no condition: leave out the labels.")
    if not _LABELS.fullmatch(text):
        raise DataError(f"labels={plain(text)!r} is no list of whole numbers like 3 or 3,1,4.")
    return np.array(text.split(","), np.int64)


def classes(run: Run, labels: Any, rows: int) -> np.ndarray | None:
    """Labels as the models take them, `(rows,)`; None in a run without a condition.

    Raises `HTTPException` 422 where they lack, are others, or aren't wanted.
    """
    condition = run.model.condition
    if condition is None:
        if labels is not None:
            raise HTTPException(422, "The run has no condition: leave out the labels.")
        return None
    if labels is None:
        raise HTTPException(
            422,
            f"The run goes by the class of an image: give labels, one each, from 0 to "
            f"{condition.classes - 1}.",
        )
    numbers = _numbers(labels, "labels")
    if numbers.dtype.kind not in "iu" or numbers.shape != (rows,):
        raise HTTPException(
            422, f"labels have the shape {numbers.shape}: give {rows} whole numbers, one a row."
        )
    with unfit_is_422():
        return condition.checked(numbers)


def refuse_rows(rows: int, most: int) -> None:
    """Raise `HTTPException` 413 for more rows than a request may have."""
    if rows > most:
        raise HTTPException(413, f"{rows} rows were sent, and a request takes {most} at most.")


def _array(body: bytes) -> np.ndarray:
    try:
        return read_npy(BytesIO(body), len(body), "The array")
    except DataError:
        raise
    except Exception as error:  # NumPy's own advice is for who trusts the file
        raise DataError("The body can't be read as .npy: its header is damaged.") from error


def _as_latents(run: Run, values: np.ndarray) -> np.ndarray:
    """Raises `HTTPException` 422 for another shape, another type, and values that no z has."""
    whole, rows = values.dtype.kind in "iu", values.shape[1:]
    if whole and run.code_shape is not None and rows == run.code_shape:
        return values.astype(np.int64)
    shape = run.latent_shape
    if values.dtype.kind not in "iuf" or rows != shape or not len(values):
        wanted = _shape_text(shape)
        if run.code_shape is not None:
            wanted += f", or whole numbers of shape {_shape_text(run.code_shape)}"
        raise HTTPException(
            422,
            f"Latents of this run are numbers of shape {wanted}, and these are {values.dtype} of "
            f"shape {values.shape}.",
        )
    with np.errstate(over="ignore"):
        z = values.astype(np.float32)
    if not np.isfinite(z).all():
        raise HTTPException(422, "Latents hold NaN or infinity. Send finite numbers.")
    return z


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, ('N', *shape)))})"


def _object(body: bytes, known: Set[str]) -> Mapping[str, Any]:
    """A JSON object of these fields and no others."""
    if len(body) > JSON_BODY:
        raise HTTPException(
            413, f"JSON of more than {JSON_BODY} bytes isn't read: send an array as .npy."
        )
    try:
        value = json_text.parse(body)
    except ValueError as error:
        reason = plain(str(error))
        raise DataError(f"The body can't be read as JSON: {reason}.") from error
    if not isinstance(value, dict):
        raise HTTPException(422, 'The JSON must be an object, as in {"count": 4}.')
    for name in value:
        if name not in known:
            names = ", ".join(sorted(known))
            raise HTTPException(422, f"The JSON has a field {plain(name)!r}; there are: {names}.")
    return value


def _numbers(values: Any, name: str) -> np.ndarray:
    """Rows of numbers in JSON as an array. Raises `HTTPException` 422 for anything else."""
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError):  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "iuf" or not array.ndim:
        raise HTTPException(422, f"{name!r} must be rows of numbers, each of the same length.")
    return array
