"""Splits and classes of folders: every common name is known, and nothing is left out unsaid."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from vaekit.data import Budget, describe, read_images
from vaekit.errors import DataError, VaekitWarning

IMAGE = np.arange(64, dtype=np.uint8).reshape(8, 8)


@pytest.fixture
def tree(tmp_path, picture):
    """Makes images at these paths; the folder that holds them."""

    def make(*names):
        for name in names:
            picture(tmp_path / name, IMAGE)
        return tmp_path

    return make


@pytest.fixture(autouse=True)
def nothing_unsaid():
    """What is left out without a test for it is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", VaekitWarning)
        yield


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("test", ["test", "testing", "valid", "val", "Validation", "dev"])
@pytest.mark.parametrize("classes", [("",), ("a/", "b/")])
def test_every_split_name(tree, train, test, classes):
    root = tree(*(f"{split}/{name}1.png" for split in (train, test) for name in classes))
    data = read_images(root)
    assert len(data.train.pixels) == len(data.test.pixels) == len(classes)
    assert data.classes == (("a", "b") if len(classes) > 1 else None)


@pytest.mark.parametrize("classes", [("",), ("a/", "b/")])
def test_a_third_split_is_left_out_and_said(tree, classes):
    splits = ("train", "valid", "test", "dev")
    root = tree(*(f"{split}/{name}1.png" for split in splits for name in classes))
    count = len(classes)
    with pytest.warns(VaekitWarning, match=f"{count} images in valid; {count} images in dev"):
        data = read_images(root)
    assert len(data.train.pixels) == len(data.test.pixels) == count


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["train/1.png", "test/1.png", "extra/1.png"], r"extra holds 1 images.*beside test and tr"),
        (["train/a/1.png", "test/a/1.png", "extra/a/b/1.png"], "extra holds 1 images"),
        (["train/1.png", "extra/1.png"], "extra holds 1 images"),
        (["cat/1.png", "dog/1.png", "test/1.png"], "holds test, but nothing to train on"),
        (["val/1.png", "test/1.png"], "nothing to train on"),
        (["train/1.png", "training/1.png"], "two folders to train on, train and training"),
        (["train/1.png", "test/1.png", "1.png"], "holds images beside"),
        (["wrapped/train/a/1.png", "wrapped/test/a/1.png"], r"wrapped holds the splits test and"),
        (["cat/train/1.png", "cat/test/1.png", "dog/train/1.png"], "cat holds the splits"),
        (["train/train/1.png", "train/val/1.png"], "train holds the splits train and val"),
    ],
)
def test_what_may_mix_splits_is_refused(tree, names, text):
    with pytest.raises(DataError, match=text):
        read_images(tree(*names))


def test_a_class_may_be_called_train_within_a_split(tree):
    data = read_images(tree("train/train/1.png", "train/plane/1.png"))
    assert data.classes == ("plane", "train")


@pytest.mark.filterwarnings("always::vaekit.errors.VaekitWarning")
def test_all_that_is_left_out_is_named(tree):
    root = tree("cat/1.png", "cat/deep/er/2.png", "dog/1.png", "dog/.cache/1.png")
    (root / "cow").mkdir()
    (root / "cat/notes.heic").write_text("beside")
    (root / "list.csv").write_text("beside")
    (root / "cat/link").symlink_to(root / "dog")
    (root / "cat/._1.png").write_bytes(b"of macOS")
    (root / "dog/Thumbs.db").write_bytes(b"of Windows")
    with pytest.warns(VaekitWarning) as caught:
        data = read_images(root)
    assert describe(data)["classes"] == {"cat": 2, "dog": 1}
    assert str(caught[0].message) == (
        f"Left out of {root}: 2 files that vaekit doesn't read as an image (cat/notes.heic, "
        "list.csv); 3 hidden items (cat/._1.png, dog/.cache, dog/Thumbs.db); 1 folder without "
        "images (cow); 1 link to what is read anyway (cat/link)."
    )


def test_many_are_counted_and_some_named(tree):
    root = tree("1.png")
    for number in range(9):
        (root / f"{number}.txt").write_text("beside")
    with pytest.warns(VaekitWarning, match=r"9 files .*\(0\.txt, .*, 4\.txt, and 4 more\)"):
        read_images(root)


def test_litter_beside_splits(tree):
    root = tree("train/a/1.png", "test/a/1.png", "__MACOSX/a/1.png")
    with pytest.warns(VaekitWarning, match=r"1 hidden item \(__MACOSX\)"):
        data = read_images(root)
    assert len(data.train.pixels) == len(data.test.pixels) == 1


def test_no_images_says_what_is_there(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.heic", "b.heic", "sub/c.txt"):
        (tmp_path / name).write_text("beside")
    with pytest.raises(DataError, match="holds no images") as error:
        read_images(tmp_path)
    text = f"{tmp_path} holds 3 files (2 .heic, 1 .txt): a.heic, b.heic, sub/c.txt"
    assert f"{text}; 1 folder without images: sub." in str(error.value)


@pytest.mark.parametrize("budget", [None, Budget(100)])
def test_streamed_images_are_the_same_and_say_the_same(tree, budget):
    root = tree("cat/1.png", "cat/2.bmp", "dog/1.tif")
    (root / "notes.txt").write_text("beside")
    with pytest.warns(VaekitWarning, match=r"notes\.txt"):
        data = read_images(root, budget=budget)
    np.testing.assert_array_equal(data.train.pixels[:][..., 0], [IMAGE] * 3)
    assert data.train.labels.tolist() == [0, 0, 1]
