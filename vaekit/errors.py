"""What vaekit raises, and the exit code of each on the command line.

A `VaekitError` is expected: the command line prints its text, without a traceback. Texts are one
or two sentences: what was wrong, where, and what to do.
"""

from __future__ import annotations

import difflib
import errno
import signal
from collections.abc import Iterable
from os import PathLike

from vaekit.wording import option_text


class VaekitError(Exception):
    """An expected failure that is not the user's mistake (exit code 1)."""

    exit_code = 1


class UserError(VaekitError):
    """A mistake that the user can mend (exit code 2)."""

    exit_code = 2


class UnknownNameError(UserError):
    """A name that nothing goes by; the text offers the closest one."""


class OptionError(UserError):
    """An option that is unknown, of the wrong type or out of range."""


class DataError(UserError):
    """A data source that can't be read as images."""


class DataUnavailableError(DataError):
    """A named data set that can't be had here: not fetched, or not installed."""


class ModelFileError(UserError):
    """A model file that is damaged, or holds what isn't taken from strangers."""


class BuildError(UserError):
    """A part that can't be built as asked, or that doesn't fit the others."""


class PluginError(UserError):
    """A plugin, or a part that one offers, that doesn't keep the contract."""


class RunError(UserError):
    """A run directory that can't be written, or can't be read."""


class DamagedError(RunError):
    """A file of a run that is not what was written."""


class NoRoomError(VaekitError):
    """A disk, or a quota, that is full."""


class DivergedError(UserError):
    """A loss that became NaN or infinite."""


class WorkerLostError(VaekitError):
    """Another of several workers that is gone."""


class VaekitWarning(UserWarning):
    """Something that may explain a surprise later on; the command line prints its text."""


def closest(name: str, known: Iterable[str]) -> str:
    """The sentence that follows "no such name": the closest known one, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Choose from: {', '.join(names)}." if names else "There are none."


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def from_os_error(error: BaseException, path: str | PathLike[str]) -> VaekitError | None:
    """What to raise for a failed write to `path`: a `NoRoomError`, a `RunError`, or None.

    None is for an `error` of another kind.

    HDF5 reports the system's error in its text only, so the text is looked at too.
    """
    code = getattr(error, "errno", None)
    text = str(error)
    if code in _NO_ROOM or any(f"errno = {c}," in text for c in _NO_ROOM):
        return NoRoomError(
            f"No room left to write {path}. Free some space, or choose another "
            f"{option_text('out')}."
        )
    if isinstance(error, OSError):
        reason = error.strerror or text
        return RunError(f"Can't write {path}: {reason}. Choose a folder that you can write to.")
    return None


def why_ended(code: int, stderr: str) -> str:
    """Why a child process is no more: the last line of its errors, or the signal that ended it.

    code: as `subprocess` gives it, negative for a signal.
    """
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}."
    lines = stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with {code} and said nothing."
