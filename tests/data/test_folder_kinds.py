"""One folder with every kind of file: a single reading tells what becomes of each."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from vaekit.cli import main
from vaekit.data import Budget, StoredPixels, read_images
from vaekit.errors import DataError, VaekitWarning

GREY = np.random.default_rng(0).integers(0, 256, (16, 16), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
SOFT = np.broadcast_to(np.linspace(40, 200, 16)[..., None, None], (16, 16, 3)).astype(np.uint8)
CLEAR = np.where(GREY[..., None] > 127, COLOUR, 255)
RED_ON_GREEN = np.dstack([GREY // 128 * 255, 255 - GREY // 128 * 255, 0 * GREY])


def saved(image: np.ndarray | Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(stream, format, **options)
    return stream.getvalue()


def bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(np.rot90(COLOUR), "PNG", exif=exif)


class Kind(NamedTuple):
    """A file, and what becomes of it: pixels, up to `error`; or else a reason."""

    content: bytes | Callable[[Path], None]
    pixels: np.ndarray | None = None
    reason: str = ""
    error: int = 0


def alpha() -> np.ndarray:
    return np.dstack([COLOUR, np.where(GREY > 127, 255, 0).astype(np.uint8)])


CMYK = Image.fromarray(SOFT).convert("CMYK")
KINDS = {
    b"a.png": Kind(saved(COLOUR, "PNG"), COLOUR),
    b"b.JPG": Kind(saved(SOFT, "JPEG", quality=95), SOFT, error=4),
    b"c.jfif": Kind(saved(SOFT, "JPEG", quality=95), SOFT, error=4),
    b"d.webp": Kind(saved(COLOUR, "WEBP", lossless=True), COLOUR),
    b"e.TIFF": Kind(saved(COLOUR, "TIFF"), COLOUR),
    b"f.bmp": Kind(saved(COLOUR, "BMP"), COLOUR),
    b"g.gif": Kind(
        saved(GREY, "GIF", save_all=True, append_images=[Image.fromarray(255 - GREY)]), GREY
    ),
    b"h.ppm": Kind(saved(COLOUR, "PPM"), COLOUR),
    b"i.pgm": Kind(b"P5 16 16 65535\n" + (GREY.astype(">u2") * 257).tobytes(), GREY),
    b"j.jpg": Kind(saved(COLOUR, "PNG"), COLOUR),  # by another's suffix
    b"k": Kind(saved(COLOUR, "PNG"), COLOUR),  # by none
    b"l one bit.png": Kind(saved(GREY > 127, "PNG"), GREY // 128 * 255),
    b"m.png": Kind(saved(GREY.astype("u2") * 257, "PNG"), GREY),
    b"n.png": Kind(saved(alpha(), "PNG"), CLEAR),
    b"o.png": Kind(saved(Image.fromarray(RED_ON_GREEN).quantize(4), "PNG"), RED_ON_GREEN),
    b"p.jpg": Kind(saved(CMYK, "JPEG", quality=95), SOFT, error=8),
    b"q.png": Kind(turned(), COLOUR),
    "r ünï 漢字.png".encode(): Kind(saved(COLOUR, "PNG"), COLOUR),
    b"s\nline.png": Kind(saved(COLOUR, "PNG"), COLOUR),
    b"t\xe9.png": Kind(saved(COLOUR, "PNG"), COLOUR),  # Latin-1
    b"u/nested/deep.png": Kind(saved(COLOUR, "PNG"), COLOUR),
    b"v.png": Kind(lambda path: path.symlink_to("a.png"), COLOUR),
    b"bad empty.png": Kind(b"", reason="it is empty"),
    b"bad text.jpg": Kind(b"<html>", reason="it is of none of the formats PNG, JPEG"),
    b"bad cut.png": Kind(saved(COLOUR, "PNG")[:400], reason="truncated"),
    b"bad link.png": Kind(lambda path: path.symlink_to("nowhere"), reason="leads nowhere"),
    b"bad bomb.png": Kind(bomb(), reason="it declares more than 67108864 pixels"),
    b"bad pipe.png": Kind(os.mkfifo, reason="it is no plain file"),
    b"bad device.png": Kind(lambda path: path.symlink_to("/dev/zero"), reason="no plain file"),
    b"bad float.tif": Kind(saved(GREY.astype("f4"), "TIFF"), reason="doesn't say which is white"),
}
GOOD = {name: kind for name, kind in KINDS.items() if kind.pixels is not None}
BAD = {name.decode(): kind for name, kind in KINDS.items() if kind.pixels is None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("kinds")
    for name, kind in KINDS.items():
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(kind.content):
            kind.content(path)
        else:
            path.write_bytes(kind.content)
    (root / ".hidden.png").write_bytes(b"")
    (root / "notes.txt").write_text("beside")
    (root / "u/circle").symlink_to(root)
    return root


def test_every_file_that_cannot_be_read_is_told_at_once(folder):
    command = CliRunner().invoke(main, ["data", "info", str(folder)], prog_name="vaekit")
    assert command.exit_code == 2
    head, *lines, tail = command.stderr.splitlines()
    assert head == f"vaekit: {len(BAD)} of the {len(KINDS)} images of {folder} can't be used:"
    assert [line.split(":")[0].strip() for line in lines] == sorted(BAD)
    assert all(BAD[name].reason in line for name, line in zip(sorted(BAD), lines, strict=True))
    assert tail.endswith("go on without them: --skip-bad")
    with pytest.raises(DataError, match="skip_bad=True") as error:
        read_images(folder, budget=Budget(1))
    assert sorted(error.value.files) == sorted(BAD)


@pytest.mark.parametrize("budget", [None, Budget(1)])
@pytest.mark.filterwarnings("always::vaekit.errors.VaekitWarning")
def test_every_other_file_is_read(folder, budget):
    with pytest.warns(VaekitWarning) as caught:
        data = read_images(folder, skip_bad=True, budget=budget)
    assert isinstance(data.train.pixels, StoredPixels) == (budget is not None)
    assert list(data.skipped) == sorted(BAD)
    for image, name in zip(data.train.pixels[:], sorted(GOOD), strict=True):
        kind = GOOD[name]
        wanted = kind.pixels if kind.pixels.ndim == 3 else np.dstack([kind.pixels] * 3)
        assert np.abs(image.astype(int) - wanted).max() <= kind.error, name
    left_out, by_content, classless = (str(warning.message) for warning in caught)
    for text in (
        f"{len(BAD)} files that can't be read as an image (bad bomb.png: it declares",
        "1 file that vaekit doesn't read as an image (notes.txt)",
        "1 hidden item (.hidden.png)",
        "1 link to what is read anyway (u/circle)",
        "all but the first picture of 1 file (g.gif)",
    ):
        assert text in left_out
    assert by_content.endswith("taken as an image by content, not by name (k).")
    assert "no classes" in classless
    assert "\n" not in left_out + by_content + classless


def test_the_record_says_what_was_skipped(folder):
    args = ["data", "info", str(folder), "--skip-bad", "--json"]
    command = CliRunner().invoke(main, args, prog_name="vaekit")
    facts = json.loads(command.stdout)
    assert facts["train"]["count"] == len(GOOD)
    assert list(facts["skipped"]) == sorted(BAD)


def test_many_are_shortened_with_where_the_rest_is(tmp_path, picture):
    folder = tmp_path / "my photos"
    picture(folder / "good.png", GREY)
    for number in range(30):
        (folder / f"{number:02}.png").write_bytes(b"")
    command = CliRunner().invoke(main, ["data", "info", str(folder)], prog_name="vaekit")
    lines = command.stderr.splitlines()
    assert len(lines) == 23
    assert lines[-2] == f"  and 10 more: vaekit data info '{folder}' --skip-bad --json"
    with pytest.raises(DataError, match="and 10 more: this error's files has all") as error:
        read_images(folder)
    assert len(error.value.files) == 30


@pytest.mark.parametrize("skip_bad", [False, True])
def test_nothing_but_bad_files(tmp_path, skip_bad):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"Of the 2 images of .* none can be used:\n  a\.png: it"):
        read_images(tmp_path, skip_bad=skip_bad)


def test_a_split_of_nothing_but_bad_files(tmp_path, picture):
    picture(tmp_path / "train/a.png", GREY)
    (tmp_path / "test").mkdir()
    (tmp_path / "test/b.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the images of .*test can be read"):
        read_images(tmp_path, skip_bad=True)


@pytest.mark.filterwarnings("ignore::vaekit.errors.VaekitWarning")
def test_a_bad_file_of_another_size_or_colour_decides_nothing(tmp_path, picture):
    picture(tmp_path / "a.png", GREY)
    cut = picture(tmp_path / "b.png", np.tile(COLOUR, (2, 1, 1)))
    cut.write_bytes(cut.read_bytes()[:-200])
    for budget in (None, Budget(1)):
        data = read_images(tmp_path, skip_bad=True, budget=budget)
        np.testing.assert_array_equal(data.train.pixels[:][..., 0], [GREY])
        assert data.train.pixels.shape == (1, 16, 16, 1)


def test_sizes_that_differ_are_told_beside_the_bad_files(tmp_path, picture):
    picture(tmp_path / "a.png", GREY)
    picture(tmp_path / "b.png", np.tile(GREY, (5, 5)))
    (tmp_path / "c.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"(?s)c\.png: it is empty.*1 of 16x16.*1 of 80x80"
    ) as error:
        read_images(tmp_path)
    assert str(error.value).endswith("image_size=(16, 16).")
    assert list(error.value.files) == ["c.png"]


# links


def test_links_are_what_they_lead_to_and_circles_end(tmp_path, picture):
    picture(tmp_path / "store/cats/1.png", GREY)
    picture(tmp_path / "store/dogs/1.png", GREY)
    root = tmp_path / "photos"
    root.mkdir()
    (root / "cat").symlink_to(tmp_path / "store/cats")
    (root / "dog").symlink_to("../store/dogs")
    (tmp_path / "store/cats/up").symlink_to(root)
    (tmp_path / "store/dogs/self").symlink_to(".")
    with pytest.warns(VaekitWarning, match=r"2 links to what is read anyway \(cat/up, dog/self\)"):
        data = read_images(root)
    assert data.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore::vaekit.errors.VaekitWarning")
def test_a_store_of_hidden_files_behind_links_is_read(tmp_path, picture):
    picture(tmp_path / ".store/cats/1.png", GREY)
    picture(tmp_path / "dog/1.png", GREY)
    (tmp_path / "cat").symlink_to(".store/cats")
    assert read_images(tmp_path).classes == ("cat", "dog")


def test_splits_may_be_links(tmp_path, picture):
    for name in ("disk/one/1.png", "disk/two/1.png"):
        picture(tmp_path / name, GREY)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/train").symlink_to(tmp_path / "disk/one")
    (tmp_path / "photos/val").symlink_to(tmp_path / "disk/two")
    data = read_images(tmp_path / "photos")
    assert len(data.train.pixels) == len(data.test.pixels) == 1
