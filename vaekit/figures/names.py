"""The user's names as a picture can show them: whatever their script, never an empty box."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import NamedTuple
from unicodedata import east_asian_width

from matplotlib.font_manager import FontProperties, fontManager, get_font

PLAIN = "DejaVu Sans"  # which matplotlib brings
_LONGEST, _WIDEST = 24, 48  # letters of a name, and columns that they may take
# A font of boxes, each of which says what it stands for.
_BOXES = "Last Resort"


class Shown(NamedTuple):
    """A name as it is drawn.

    text: what to give matplotlib. families: the fonts to draw it in; of each letter the first that
    has it. columns: how wide it is, in letters; those of East Asia count twice.
    """

    text: str
    families: list[str]
    columns: int


def shown_name(name: str) -> Shown:
    r"""A name in a font that has its letters, no longer than a picture has room for.

    Letters that the plain font lacks, and that no other font of this machine has all of, are
    written as Python escapes them, `\u6f22`; so is what isn't printed at all.
    """
    letters = name[:_LONGEST]
    lacking = {letter for letter in letters if letter.isprintable() and not _plain(letter)}
    other = _family_with(frozenset(lacking)) if lacking else None
    text, columns = "", 0
    for letter in letters:
        drawn = _plain(letter) or (other is not None and letter in lacking)
        written = letter if drawn else _escaped(letter)
        columns += sum(2 if east_asian_width(c) in "WF" else 1 for c in written)
        if columns > _WIDEST:
            break
        text += written
    families = [PLAIN] if other is None else [PLAIN, other]
    # Two dollars would make a formula of what lies between them.
    return Shown(text.replace("$", r"\$"), families, columns)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


@cache
def _plain(letter: str) -> bool:
    """Whether the plain font draws a letter."""
    return letter.isprintable() and _draws_all(PLAIN, [letter])


@cache
def _family_with(letters: frozenset[str]) -> str | None:
    """The first family of fonts that has all of these; those without serifs come first."""
    entries = [entry for entry in fontManager.ttflist if _BOXES not in entry.name]
    for entry in sorted(entries, key=lambda entry: ("Sans" not in entry.name, entry.name)):
        # Looking a font up by its family takes longer than opening it.
        if _draws(entry.fname, letters) and _draws_all(entry.name, letters):
            return entry.name
    return None


def _draws_all(family: str, letters: Collection[str]) -> bool:
    """Whether a family draws these in both weights."""
    fonts = (FontProperties(family=[family], weight=weight) for weight in ("normal", "bold"))
    return all(_draws(fontManager.findfont(font), letters) for font in fonts)


def _draws(path: str, letters: Collection[str]) -> bool:
    """Whether a font has an outline of each letter: one of pictures, as of emoji, has none."""
    try:
        font = get_font(path)
        for letter in letters:
            if not font.get_char_index(ord(letter)):
                return False
            font.load_char(ord(letter))
            if not (letter.isspace() or len(font.get_path()[0])):
                return False
    except (OSError, RuntimeError):  # damaged, or gone since matplotlib listed it
        return False
    return True
