"""Names in any script: drawn in a font that has them, or escaped; no box and no warning."""

from __future__ import annotations

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

from tests.figures.drawn import a_run, pixels_of
from vaekit.figures import draw_latent_map, names
from vaekit.figures.names import shown_name
from vaekit.types import Images

pytestmark = [pytest.mark.pictures, pytest.mark.filterwarnings("error")]

NAMES = [
    *("plain", "Ελληνικά", "Кошка", "猫と犬", "한국어", "قطة", "חתול", "बिल्ली", "แมว"),
    *(
        "😀🐈",
        "👩\u200d🔬",
        "tab\t\n",
        "\udcff",
        "$a_b$",
        "$\\frac$",
        "_under",
        "\uf000",
        "e\u0301",
    ),
]


@pytest.fixture(autouse=True)
def only_matplotlibs_fonts(monkeypatch):
    """As in a container, whatever this machine has."""
    own = [entry for entry in fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    forget()
    yield
    forget()


def forget():
    names._family_with.cache_clear()
    names._plain.cache_clear()


def boxes(shown):
    """The letters that neither of a name's fonts has, in either weight."""
    held = set()
    for weight in ("normal", "bold"):
        paths = [findfont(FontProperties(family=[f], weight=weight)) for f in shown.families]
        codes = {code for path in paths for code in FT2Font(path).get_charmap()}
        held |= {letter for letter in shown.text if ord(letter) not in codes}
    return held


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_letter_is_a_box(name):
    shown = shown_name(name)
    assert shown.text
    assert boxes(shown) == set()
    assert not any("Last Resort" in family for family in shown.families)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", "plain"),
        ("Кошка", "Кошка"),
        ("猫 3", r"\u732b 3"),
        ("tab\t", r"tab\t"),
        ("\udcff", r"\udcff"),
        ("a$b$", r"a\$b\$"),
        ("a" * 99, "a" * 24),
        ("猫" * 24, r"\u732b" * 8),
    ],
    ids=ascii,
)
def test_what_no_font_has_is_escaped(name, text):
    assert shown_name(name).text == text


def test_a_map_and_its_legend_show_every_name(tmp_path):
    z = np.random.default_rng(0).standard_normal((2 * len(NAMES), 2))
    images = Images(np.zeros((len(z), 8, 8, 1), np.uint8), np.arange(len(z)) % len(NAMES))
    figure = draw_latent_map(a_run(z, classes=NAMES), images)
    legend = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == [shown_name(name).text for name in NAMES]
    assert pixels_of(figure, tmp_path).std() > 5


def test_a_font_that_has_them_is_used_where_there_is_one(tmp_path):
    path = tmp_path / "cats.ttf"
    write_font(path, "Cat Sans", "猫犬")
    fontManager.addfont(path)
    forget()
    shown = shown_name("猫 and 犬")
    assert shown.text == "猫 and 犬"
    assert shown.families == ["DejaVu Sans", "Cat Sans"]
    assert shown.columns == 9
    # Of what only some letters are in any font, none is left to another script's luck.
    assert shown_name("猫鳥").text == r"\u732b\u9ce5"


def test_a_font_that_draws_nothing_is_left_alone(tmp_path):
    path = tmp_path / "blank.ttf"
    write_font(path, "Blank Sans", "猫", outline=False)
    fontManager.addfont(path)
    (tmp_path / "damaged.ttf").write_bytes(path.read_bytes())
    fontManager.addfont(tmp_path / "damaged.ttf")
    (tmp_path / "damaged.ttf").write_bytes(b"nonsense")
    forget()
    assert shown_name("猫").text == r"\u732b"


def write_font(path, family, letters, *, outline=True):
    pen = TTGlyphPen(None)
    if outline:
        pen.moveTo((0, 0))
        pen.lineTo((0, 700))
        pen.lineTo((700, 0))
        pen.closePath()
    glyph = pen.glyph()
    glyphs = {f"g{number}": glyph for number in range(len(letters))}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *glyphs])
    builder.setupCharacterMap({ord(c): name for c, name in zip(letters, glyphs, strict=True)})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), **glyphs})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *glyphs], (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
