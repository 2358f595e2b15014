"""What goes wrong while a file is read, told as a `DataError`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

from vaekit.errors import DataError, VaekitError


@contextmanager
def reading(path: str | PathLike[str], what: str) -> Iterator[None]:
    """Turn every failure inside into a `DataError` that names `path` and `what` it should be.

    Every exception is caught, because decoders raise whatever they please on malformed bytes
    (Pillow a SyntaxError, h5py a RuntimeError); the original stays attached as the cause.
    """
    try:
        yield
    except VaekitError:
        raise
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory. Make it smaller.") from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror and error.filename is not None:
            raise DataError(f"Can't read {error.filename}: {error.strerror}.") from error
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        reason = textwrap.shorten(reason, 200, placeholder="...")  # some quote the damaged bytes
        raise DataError(
            f"{path} can't be read as {what}: {reason}. Is it damaged, or of another format?"
        ) from error
