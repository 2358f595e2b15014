"""Checkpoints come back bit for bit, and are made beside training."""

from __future__ import annotations

import json
import math
import threading
import zipfile

import keras
import numpy as np
import pytest

from tests.states import arrays, bits, names, saved, state, variables
from vaekit.checkpoint import (
    KEPT,
    Position,
    State,
    Writer,
    describe,
    describe_bytes,
    drop_after,
    latest_checkpoint,
    list_checkpoints,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
    snapshot,
)
from vaekit.errors import NoRoomError, RunError

pytestmark = pytest.mark.backend


# what comes back


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
        Position(sums=[math.inf]),
    ],
)
def test_position_comes_back_to_the_last_bit_of_its_sums(tmp_path, position):
    back = read_checkpoint(save_checkpoint(tmp_path, State(position, []))).position
    assert back[:4] == position[:4]
    assert [x.hex() for x in back.sums] == [float(x).hex() for x in position.sums]


def test_all_else_comes_back(tmp_path):
    more = {
        "order": {"seed": 3, "images": 40},
        "best": {"epoch": 1, "steps": 2, "val_loss": 1 / 3},
        "callbacks": [{"class": "EarlyStopping", "attributes": {"wait": 2}}],
    }
    best_weights = [np.float32([1, 2]), np.int64(3)]
    path = save_checkpoint(tmp_path, state(callback_arrays=best_weights, **more))
    back = read_checkpoint(path)
    assert {name: getattr(back, name) for name in more} == more
    for a, b in zip(back.callback_arrays, best_weights, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_a_random_generator_goes_on_where_it_was(tmp_path):
    def draw(seed):
        return keras.ops.convert_to_numpy(keras.random.normal((4,), seed=seed))

    generator, other = keras.random.SeedGenerator(5), keras.random.SeedGenerator(6)
    draw(generator)
    path = save_checkpoint(tmp_path, state(of=[generator.state]))
    expected = draw(generator)
    load_checkpoint(path, [other.state])
    np.testing.assert_array_equal(draw(other), expected)


def test_order_and_not_names_decides(tmp_path):
    """Variables may share a name, and a path may hold slashes."""
    names = ["dense/kernel", "dense/kernel", "a b", "position"]
    many = [keras.Variable(np.float32(n), name=names[n % 4].split("/")[-1]) for n in range(120)]
    path = save_checkpoint(tmp_path, state(of=many))
    into = [keras.Variable(np.float32(-1)) for _ in many]
    load_checkpoint(path, into)
    assert [float(a) for a in arrays(into)] == list(range(120))


def test_fewer_variables_are_the_first_ones(tmp_path):
    path = saved(tmp_path)
    into = variables(seed=1)
    load_checkpoint(path, into[:2])
    assert bits(into[:2]) == bits(variables()[:2])
    assert bits(into[2:]) == bits(variables(seed=1)[2:])


def test_a_snapshot_is_not_changed_by_what_comes_after():
    variable = keras.Variable(np.zeros((50, 50), "float32"))
    ((_, value),) = snapshot([variable])
    for _ in range(3):
        variable.assign_add(np.ones((50, 50), "float32"))
    assert not value.any()


def test_a_checkpoint_is_readable_without_vaekit(tmp_path):
    path = saved(tmp_path, steps=12)
    with np.load(path / "state.npz") as file:
        assert [name[:13] for name in file.files] == [f"variable {n:04d}" for n in range(4)]
    assert json.loads((path / "state.json").read_text())["position"]["steps"] == 12
    listed = json.loads((path / "manifest.json").read_text())["files"]
    for name, entry in listed.items():
        assert entry == describe_bytes((path / name).read_bytes())._asdict()
    assert sorted([*listed, "manifest.json"]) == names(path)


def test_zipped_members_are_stored(tmp_path):
    with zipfile.ZipFile(saved(tmp_path) / "state.npz") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_describe_counts_what_is_done():
    assert describe(Position(epoch=2, step=3, steps=43)) == {"epochs_done": 2, "steps_done": 43}


# which are there


def test_the_newest_are_kept_and_the_best(tmp_path):
    assert KEPT == 2
    for steps in (5, 40, 300, 2000):
        path = saved(tmp_path, steps, best=steps == 5)
        assert latest_checkpoint(tmp_path / "checkpoints") == path
    kept = ["step-000000005", "step-000000300", "step-000002000"]
    assert [p.name for p in list_checkpoints(tmp_path / "checkpoints")] == kept
    assert names(tmp_path / "checkpoints") == ["best", "latest", *kept]


def test_saving_the_same_again_changes_nothing(tmp_path):
    same = state()
    first = save_checkpoint(tmp_path, same)
    before = first.stat()
    assert save_checkpoint(tmp_path, same) == first
    assert list_checkpoints(tmp_path) == [first]
    assert first.stat().st_ino == before.st_ino


def test_another_state_of_the_same_step_is_another_checkpoint(tmp_path):
    first = saved(tmp_path)
    second = save_checkpoint(tmp_path / "checkpoints", state(of=variables(seed=1)))
    assert (first.name, second.name) == ("step-000000003", "step-000000003.1")
    assert list_checkpoints(tmp_path / "checkpoints") == [first, second]
    assert latest_checkpoint(tmp_path / "checkpoints") == second


@pytest.mark.parametrize("text", [None, "", "step-000000001 0\n", "step-000000007\n", "\xff"])
def test_without_a_good_pointer_the_newest_is_the_latest(tmp_path, text):
    """By their names: a clock that was set back has no say."""
    saved(tmp_path, 1)
    newest = saved(tmp_path, 2)
    pointer = tmp_path / "checkpoints" / "latest"
    pointer.unlink() if text is None else pointer.write_bytes(text.encode("latin1"))
    assert latest_checkpoint(tmp_path / "checkpoints") == newest


def test_a_checkpoint_counts_once_it_is_pointed_at(tmp_path):
    first = saved(tmp_path, 1)
    pointer = (tmp_path / "checkpoints" / "latest").read_bytes()
    saved(tmp_path, 2)
    (tmp_path / "checkpoints" / "latest").write_bytes(pointer)
    assert latest_checkpoint(tmp_path / "checkpoints") == first
    drop_after(tmp_path / "checkpoints", first, best=True)
    assert (tmp_path / "checkpoints" / "best").read_text().startswith(f"{first.name} ")
    assert list_checkpoints(tmp_path / "checkpoints") == [first]


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RunError, match="holds no checkpoint"):
            latest_checkpoint(folder)


# writing


def test_no_room_is_said_and_the_old_ones_stay(tmp_path, monkeypatch):
    old = saved(tmp_path, 1)
    before = names(tmp_path / "checkpoints")

    def full(path, content):
        path.write_bytes(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vaekit.atomic._write", full)
    with pytest.raises(NoRoomError, match=r"No room left to write .*step-000000002") as caught:
        saved(tmp_path, 2)
    assert caught.value.exit_code == 1
    assert names(tmp_path / "checkpoints") == before
    load_checkpoint(old, variables(seed=1))


def test_writing_goes_on_beside_and_one_at_a_time():
    writer, go, done = Writer(), threading.Event(), []
    writer.submit(lambda: (go.wait(10), done.append(1)))
    writer.check()
    assert not done  # it is under way, and nobody waits
    go.set()
    writer.submit(lambda: done.append(2))
    assert done[0] == 1
    writer.wait()
    assert done == [1, 2]
    writer.close()


@pytest.mark.parametrize("look", ["check", "wait", "submit"])
def test_what_went_wrong_beside_is_raised_once(look):
    writer, failed = Writer(), threading.Event()

    def fail():
        failed.set()
        raise NoRoomError("no room")

    writer.submit(fail)
    failed.wait(10)
    writer._writing.exception()  # it is over
    with pytest.raises(NoRoomError):
        writer.submit(print) if look == "submit" else getattr(writer, look)()
    writer.wait()
    writer.close()
