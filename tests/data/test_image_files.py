"""Image files of every format and depth, decoded at once and as they are needed."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from vaekit.data import Budget, StoredPixels, read_images
from vaekit.errors import DataError, VaekitWarning

GREY = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)


def png(depth, colour, samples, clear=None, late=b""):
    """A PNG from its samples `(8, 8[, 3])`; `clear` is the tRNS chunk."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = []
    for row in samples:
        bits = "".join(format(value, f"0{depth}b") for value in np.ravel(row))
        rows.append(b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big"))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, colour, 0, 0, 0)),
            chunk(b"tRNS", clear) if clear else b"",
            chunk(b"IDAT", zlib.compress(b"".join(rows))),
            chunk(b"eXIf", late) if late else b"",
            chunk(b"IEND", b""),
        ]
    )


@pytest.fixture
def both(tmp_path):
    """The images of a file's bytes, which must be the same in memory and streamed."""

    def read(name, content):
        (tmp_path / name).write_bytes(content)
        held = read_images(tmp_path).train.pixels
        stored = read_images(tmp_path, budget=Budget(1)).train.pixels
        assert isinstance(stored, StoredPixels)
        assert stored.shape == held.shape
        np.testing.assert_array_equal(stored[:], held)
        return held[0]

    return read


def saved(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.png", "PNG"),
        ("a.webp", "WEBP"),
        ("a.bmp", "BMP"),
        ("a.tif", "TIFF"),
        ("a.TIFF", "TIFF"),
        ("a.gif", "GIF"),
        ("a.pgm", "PPM"),
    ],
)
def test_formats(both, name, format):
    options = {"lossless": True} if format == "WEBP" else {}
    found = both(name, saved(Image.fromarray(GREY), format, **options))
    np.testing.assert_array_equal(found, np.broadcast_to(GREY[..., None], found.shape))


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.jpe", "a.jfif", "a.png"])
def test_jpeg_by_any_name(both, name):
    found = both(name, saved(Image.new("L", (8, 8), 100), "JPEG"))
    assert abs(found.astype(int) - 100).max() <= 1


@pytest.mark.parametrize("format", ["EPS", "PDF", "PCX", "ICO"])
def test_other_formats_stay_closed(tmp_path, format):
    (tmp_path / "a.png").write_bytes(saved(Image.new("RGB", (16, 16)), format))
    with pytest.raises(DataError, match="it is of none of the formats"):
        read_images(tmp_path)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_at_every_depth(both, depth):
    most = 2**depth - 1
    samples = np.arange(64).reshape(8, 8) * 997 % (most + 1)
    clear = int(samples[3, 5])
    found = both("a.png", png(depth, 0, samples, struct.pack(">H", clear)))[..., 0]
    wanted = np.rint(samples * 255 / most)
    np.testing.assert_array_equal(found, np.where(samples == clear, 255, wanted))


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_at_every_depth(both, depth):
    samples = np.random.default_rng(0).integers(0, 2**depth, (8, 8, 3))
    clear = samples[2, 2]
    found = both("a.png", png(depth, 2, samples, struct.pack(">HHH", *clear)))
    assert (found[2, 2] == 255).all()
    assert (found == 255).all(axis=-1).sum() == 1


def test_twelve_bits_of_a_tiff(both):
    samples = np.arange(64).reshape(8, 8) * 65
    bits = "".join(format(value, "012b") for value in samples.ravel())
    data = int(bits, 2).to_bytes(96, "big")
    tags = [
        (256, 8), (257, 8), (258, 12), (259, 1), (262, 1), (273, 200), (277, 1), (278, 8), (279, 96)
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    found = both("a.tif", head.ljust(200, b"\0") + data)[..., 0]
    np.testing.assert_array_equal(found, np.rint(samples * 255 / 4095))


@pytest.mark.parametrize(("dtype", "what"), [("f4", "floats"), ("i4", "32-bit numbers")])
def test_a_tiff_that_does_not_say_what_is_white(tmp_path, dtype, what):
    Image.fromarray(GREY.astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif: it has {what} for pixels"):
        read_images(tmp_path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orients(both, format, orientation):
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 255
    upright[8:, :8] = 120
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # turned back by the opposite
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }  # fmt: skip
    image = Image.fromarray(upright)
    if orientation > 1:
        image = image.transpose(turns[undo[orientation]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    suffix = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif"}[format]
    found = both(f"a.{suffix}", saved(image, format, exif=exif))
    assert found.shape[:2] == upright.shape
    assert abs(found[..., 0].astype(int) - upright).max() < 20


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0",  # cut short
        b"Exif\0\0",
        b"Exif\0\0nonsense",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0\0\0\0\0",  # a text
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_trouble_in_exif_is_upright(both, exif, format):
    image = Image.fromarray(np.repeat(GREY, 2, axis=1))
    suffix = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[format]
    assert both(f"a.{suffix}", saved(image, format, exif=exif)).shape[:2] == (8, 16)


def test_pillow_warnings_in_memory_are_not_the_users(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0"
    (tmp_path / "a.jpg").write_bytes(saved(Image.fromarray(GREY), "JPEG", exif=exif))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_images(tmp_path)


def test_exif_behind_the_pixels_is_read_in_neither_way(both):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = png(8, 0, GREY, late=exif.tobytes()[6:])
    np.testing.assert_array_equal(both("a.png", content)[..., 0], GREY)


@pytest.mark.parametrize("format", ["GIF", "TIFF", "WEBP", "PNG"])
@pytest.mark.parametrize("budget", [None, Budget(1)])
def test_several_pictures_in_a_file_are_said(tmp_path, format, budget):
    pages = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    suffix = {"GIF": "gif", "TIFF": "tif", "WEBP": "webp", "PNG": "png"}[format]
    lossless = {"lossless": True} if format == "WEBP" else {}
    pages[0].save(
        tmp_path / f"a.{suffix}", format, save_all=True, append_images=pages[1:], **lossless
    )
    with pytest.warns(VaekitWarning, match=rf"all but the first picture of 1 file \(a\.{suffix}\)"):
        data = read_images(tmp_path, budget=budget)
    np.testing.assert_array_equal(data.train.pixels[:][0, ..., 0], GREY)
