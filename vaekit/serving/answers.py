"""What is answered, in the form that the request accepts: an array, JSON or a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from starlette.exceptions import HTTPException

from vaekit.image_files import png_bytes
from vaekit.serving.contents import JSON, NPY
from vaekit.serving.limits import JSON_NUMBERS

PNG = "image/png"


def accepted(accept: str, offered: Sequence[str]) -> str:
    """Which of the media types on offer a request likes best; of equals, the first.

    accept: its header, empty for whatever it is. Raises `HTTPException` 406 for none of them.
    """
    best, quality = "", 0.0
    for media in offered:
        liked = _quality(accept or "*/*", media)
        if liked > quality:
            best, quality = media, liked
    if not best:
        raise HTTPException(406, f"The answer is had as {' or '.join(offered)}: accept one.")
    return best


def _quality(accept: str, media: str) -> float:
    """From 0 to 1, by the range that names it most narrowly (RFC 9110, 12.5.1)."""
    kind = media.partition("/")[0]
    ranges = {}
    for text in accept.split(","):
        name, *parameters = (part.strip().lower() for part in text.split(";"))
        weights = [p.partition("=")[2] for p in parameters if p.startswith("q=")]
        try:
            ranges[name] = float(weights[0]) if weights else 1.0
        except ValueError:
            ranges[name] = 0.0
    return next((ranges[n] for n in (media, f"{kind}/*", "*/*") if n in ranges), 0.0)


def refuse_long_json(numbers: int) -> None:
    """Raise `HTTPException` 406 for an answer that is too long for JSON."""
    if numbers > JSON_NUMBERS:
        raise HTTPException(
            406,
            f"The answer is {numbers} numbers, and as JSON it has {JSON_NUMBERS} at most: accept "
            f"{NPY}, or ask for fewer.",
        )


def encoded(columns: Mapping[str, np.ndarray], media: str, array: str) -> bytes:
    """Columns `(N, ...)` by name as a body of a media type.

    array: which of them an array or a picture is of; JSON has all.

    Raises `HTTPException` 406 for what has no picture.
    """
    if media == JSON:
        refuse_long_json(sum(values.size for values in columns.values()))
        texts = {name: _plain(values) for name, values in columns.items()}
        return json.dumps(texts, allow_nan=False, separators=(",", ":")).encode()
    values = columns[array]
    if media == NPY:
        content = BytesIO()
        np.save(content, values.astype(values.dtype.newbyteorder("<")), allow_pickle=False)
        return content.getvalue()
    refuse_no_picture(*values.shape)
    return png_bytes(values[0])


def refuse_no_picture(rows: int, *shape: int) -> None:
    """Raise `HTTPException` 406 for images that are no one PNG."""
    if rows != 1:
        raise HTTPException(406, f"{PNG} is one picture, and there are {rows}: accept {NPY}.")
    if shape[-1] not in (1, 3):
        raise HTTPException(406, f"Images of {shape[-1]} channels are no picture: accept {NPY}.")


def _plain(values: np.ndarray) -> object:
    """Nested lists; None for what JSON has no number for."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        finite = np.isfinite(values)
        values = values.astype(object)
        values[~finite] = None
    return values.tolist()
