"""Checkpoints come back bit for bit, or are refused in a sentence."""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile

import keras
import numpy as np
import pytest

from vaekit.checkpoint import (
    KEPT,
    Position,
    describe,
    latest_checkpoint,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from vaekit.errors import RunError

pytestmark = pytest.mark.backend

AWKWARD = [0.0, -0.0, 1e-42, -1e-42, 3.4e38, math.inf, -math.inf, math.nan, 1 / 3]


def variables(seed=0):
    """A matrix, awkward floats, a scalar counter and a seed's state."""
    matrix = np.random.default_rng(seed).normal(size=(4, 3)).astype("float32")
    awkward = np.asarray(AWKWARD, "float32") if seed == 0 else np.ones(len(AWKWARD), "float32")
    return [
        keras.Variable(matrix, name="kernel"),
        keras.Variable(awkward, name="awkward"),
        keras.Variable(np.int32(7 + seed), dtype="int32", trainable=False, name="iterations"),
        keras.random.SeedGenerator(2**31 - 2 - seed).state,
    ]


def arrays(of):
    return [np.array(variable.numpy()) for variable in of]


def bits(of):
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays(of)]


def saved(folder, steps=3):
    return save_checkpoint(folder, variables(), Position(1, 2, steps, 64, [0.5, 1.5]))


def test_variables_come_back_bit_for_bit(tmp_path):
    path = saved(tmp_path)
    into = variables(seed=1)
    assert all(a != b for a, b in zip(bits(into), bits(variables()), strict=True))
    load_checkpoint(path, into)
    assert bits(into) == bits(variables())


@pytest.mark.parametrize(
    "position",
    [
        Position(),
        Position(3, 17, 1234, 544, [0.1, 1 / 3, 1e-310, 1.7e308, -0.0, 2.0**60 + 4096]),
        Position(0, 1, 1, 32, np.random.default_rng(0).normal(0, 1e6, 500).tolist()),
    ],
)
def test_position_comes_back_to_the_last_bit_of_its_sums(tmp_path, position):
    back = load_checkpoint(save_checkpoint(tmp_path, variables(), position), variables(1))
    assert back[:4] == position[:4]
    assert [x.hex() for x in back.sums] == [float(x).hex() for x in position.sums]


def test_position_keeps_sums_that_are_not_finite(tmp_path):
    position = Position(sums=[math.inf, math.nan])
    back = load_checkpoint(save_checkpoint(tmp_path, [], position), [])
    assert back.sums[0] == math.inf
    assert math.isnan(back.sums[1])


def test_a_random_generator_goes_on_where_it_was(tmp_path):
    def draw(seed):
        return keras.ops.convert_to_numpy(keras.random.normal((4,), seed=seed))

    generator, other = keras.random.SeedGenerator(5), keras.random.SeedGenerator(6)
    draw(generator)
    path = save_checkpoint(tmp_path, [generator.state], Position())
    expected = draw(generator)
    load_checkpoint(path, [other.state])
    np.testing.assert_array_equal(draw(other), expected)


def test_order_and_not_names_decides(tmp_path):
    """Variables may share a name, and a path may hold slashes."""
    names = ["dense/kernel", "dense/kernel", "a b", "position"]
    many = [keras.Variable(np.float32(n), name=names[n % 4].split("/")[-1]) for n in range(120)]
    path = save_checkpoint(tmp_path, many, Position())
    into = [keras.Variable(np.float32(-1)) for _ in many]
    load_checkpoint(path, into)
    assert [float(a) for a in arrays(into)] == list(range(120))


def test_fewer_variables_are_the_first_ones(tmp_path):
    path = saved(tmp_path)
    into = variables(seed=1)
    load_checkpoint(path, into[:2])
    assert bits(into[:2]) == bits(variables()[:2])
    assert bits(into[2:]) == bits(variables(seed=1)[2:])


def test_only_the_newest_are_kept(tmp_path):
    assert KEPT == 2
    for steps in (5, 40, 300, 2000):
        path = saved(tmp_path, steps)
        assert latest_checkpoint(tmp_path) == path
    kept = ["step-000000300.npz", "step-000002000.npz"]
    assert [p.name for p in list_checkpoints(tmp_path)] == kept
    assert sorted(p.name for p in tmp_path.iterdir()) == kept


def test_saving_the_same_step_again_replaces_it(tmp_path):
    first, second = saved(tmp_path), saved(tmp_path)
    assert first == second
    assert list_checkpoints(tmp_path) == [first]


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(RunError, match="holds no checkpoint"):
        latest_checkpoint(tmp_path)


def refused(path, into=None):
    """The refusal's text; nothing may have been assigned by then."""
    into = variables(seed=1) if into is None else into
    before = bits(into)
    with pytest.raises(RunError) as caught:
        load_checkpoint(path, into)
    assert str(path) in str(caught.value)
    assert bits(into) == before
    return str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "step-000000001.npz")


def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path):
    path = saved(tmp_path)
    whole = path.read_bytes()
    into = variables(seed=1)
    for length in [*range(0, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert "is damaged" in refused(path, into)


@pytest.mark.parametrize("mask", [0x01, 0x08, 0xFF])
def test_a_changed_byte_is_refused_or_does_not_matter(tmp_path, mask):
    (old,), (into,) = variables()[:1], variables(seed=1)[:1]
    path = save_checkpoint(tmp_path, [old], Position())
    whole = path.read_bytes()
    loaded = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= mask
        path.write_bytes(changed)
        with contextlib.suppress(RunError):
            load_checkpoint(path, [into])
            assert bits([into]) == bits([old])
            loaded += 1
    assert loaded < len(whole) / 2


def test_a_changed_byte_of_a_packed_file_is_refused(tmp_path):
    """Somebody's backup may have packed it anew, with compression."""
    old, into = variables()[:1], variables(seed=1)[:1]
    path = save_checkpoint(tmp_path, old, Position())
    with np.load(path) as file:
        np.savez_compressed(path, **dict(file))
    load_checkpoint(path, into)
    assert bits(into) == bits(old)
    whole = path.read_bytes()
    for place in range(60, 120):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(RunError):
            load_checkpoint(path, into)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04", b"\x80\x04N."])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "step-000000001.npz"
    path.write_bytes(content)
    assert "is damaged" in refused(path)


def rewritten(path, change):
    """The checkpoint with its arrays changed by `change`, in place."""
    with np.load(path) as file:
        content = dict(file)
    change(content)
    np.savez(path, **content)
    return path


def test_a_file_without_a_position_is_refused(tmp_path):
    path = rewritten(saved(tmp_path), lambda content: content.pop("position"))
    assert "is damaged" in refused(path)


@pytest.mark.parametrize("text", ["{", '{"epochs": 3}', "[1, 2]", "3", "\xff"])
def test_a_position_that_is_none_is_refused(tmp_path, text):
    def change(content):
        content["position"] = np.frombuffer(text.encode("latin1"), "uint8")

    assert "is damaged" in refused(rewritten(saved(tmp_path), change))


def test_other_shapes_are_refused(tmp_path):
    path = saved(tmp_path)
    into = variables(seed=1)
    into[0] = keras.Variable(np.zeros((3, 4), "float32"))
    assert "other shapes" in refused(path, into)


def test_more_variables_than_were_saved_are_refused(tmp_path):
    into = [*variables(seed=1), keras.Variable(np.float32(0))]
    assert "other shapes" in refused(saved(tmp_path), into)


class Evil:
    """Unpickled, it makes a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (self.marker, "w"))


@pytest.mark.parametrize("where", ["variable", "position"])
def test_nothing_is_unpickled(tmp_path, where):
    marker = str(tmp_path / "unpickled")

    def change(content):
        name = "position" if where == "position" else next(n for n in content if "kernel" in n)
        content[name] = np.asarray([Evil(marker)], dtype=object)

    path = rewritten(saved(tmp_path), change)
    assert "is damaged" in refused(path)
    assert not (tmp_path / "unpickled").exists()
    with np.load(path, allow_pickle=True) as file:  # or the test would prove nothing
        for name in file.files:
            file[name]
    assert (tmp_path / "unpickled").exists()


def test_a_checkpoint_is_an_npz_that_numpy_reads(tmp_path):
    path = saved(tmp_path, steps=12)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert archive.testzip() is None
    with np.load(path) as file:
        assert [name[:4] for name in file.files] == ["0000", "0001", "0002", "0003", "posi"]
        assert json.loads(file["position"].tobytes())["steps"] == 12


def test_no_room_is_said_and_the_old_ones_stay(tmp_path, monkeypatch):
    old = saved(tmp_path, 1)

    def full(path, **content):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(RunError, match=r"No room left to write .*step-000000002"):
        saved(tmp_path, 2)
    assert list(tmp_path.iterdir()) == [old]


def test_describe_counts_what_is_done():
    assert describe(Position(epoch=2, step=3, steps=43)) == {"epochs_done": 2, "steps_done": 43}
