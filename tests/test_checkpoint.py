"""Checkpoints come back bit for bit, or are refused with the file's name and a way back."""

from __future__ import annotations

import json
import math
import threading
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from vaekit.cadence import Cadence, parse_cadence
from vaekit.checkpoint import (
    KEPT,
    Damage,
    Position,
    State,
    Writer,
    damages,
    describe,
    describe_bytes,
    drop_after,
    latest_checkpoint,
    list_checkpoints,
    load_checkpoint,
    parse_manifest,
    read_checkpoint,
    render_manifest,
    save_checkpoint,
    snapshot,
)
from vaekit.errors import DamagedError, NoRoomError, RunError

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


def state(steps=3, of=None, **more):
    return State(
        Position(1, 2, steps, 64, [0.5, 1.5]), snapshot(variables() if of is None else of), **more
    )


def saved(run, steps=3, **more):
    """A checkpoint in a run directory's own folder."""
    folder = run / "checkpoints"
    folder.mkdir(exist_ok=True)
    return save_checkpoint(folder, state(steps), **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


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
    drop_after(tmp_path / "checkpoints", first)
    assert list_checkpoints(tmp_path / "checkpoints") == [first]


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RunError, match="holds no checkpoint"):
            latest_checkpoint(folder)


# damage


def refused(path, into=None, error=DamagedError):
    """The refusal's text; nothing may have been assigned by then."""
    into = variables(seed=1) if into is None else into
    before = bits(into)
    with pytest.raises(error) as caught:
        load_checkpoint(path, into)
    assert str(path) in str(caught.value)
    assert bits(into) == before
    return str(caught.value)


@pytest.mark.parametrize("name", ["state.npz", "state.json", "manifest.json"])
def test_a_flipped_bit_is_refused_by_the_files_name(tmp_path, name):
    path = saved(tmp_path)
    whole = (path / name).read_bytes()
    for place in range(0, len(whole), 1 + len(whole) // 60):
        for bit in (0, 5, 7):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            (path / name).write_bytes(changed)
            text = refused(path, [])
            assert text.startswith(f"{path / name} is damaged: ")
    (path / name).write_bytes(whole)
    load_checkpoint(path, variables(seed=1))


@pytest.mark.parametrize("name", ["state.npz", "state.json", "manifest.json"])
def test_a_file_that_was_cut_or_is_gone_is_refused(tmp_path, name):
    path = saved(tmp_path)
    whole = (path / name).read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        (path / name).write_bytes(whole[:length])
        assert f"{name} is damaged" in refused(path, [])
    (path / name).unlink()
    assert f"{name} is damaged: No such file or directory." in refused(path, [])


@pytest.mark.parametrize("pointer", ["latest", "best"])
def test_a_flipped_bit_in_a_pointer_is_found(tmp_path, pointer):
    saved(tmp_path, 2)
    saved(tmp_path, 6, best=True)  # one bit makes 2 of 6
    path = tmp_path / "checkpoints" / pointer
    whole = path.read_bytes()
    assert not list(damages(tmp_path / "checkpoints"))
    for place in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            assert [damage.path for damage in damages(path.parent)] == [path]


def test_the_one_before_is_offered_if_it_is_whole(tmp_path):
    older, newer = saved(tmp_path, 1), saved(tmp_path, 2)
    (newer / "state.npz").write_bytes(b"")
    assert f"vaekit resume {tmp_path} --from {older.name}" in refused(newer)
    (older / "state.json").write_bytes(b"")
    assert refused(newer).endswith("There is no whole checkpoint before it.")
    assert [d.path for d in damages(tmp_path / "checkpoints")] == [
        older / "state.json",
        newer / "state.npz",
    ]


def sealed(path, name, content):
    """The checkpoint with another file in it, and a manifest that says that all is well."""
    (path / name).write_bytes(content)
    files = ("state.npz", "state.json")
    entries = {name: describe_bytes((path / name).read_bytes()) for name in files}
    (path / "manifest.json").write_text(render_manifest(entries))
    return path


@pytest.mark.parametrize("text", ["{", '{"epochs": 3}', "[1, 2]", "3", "\xff", '{"position": 1}'])
def test_values_that_are_none_are_refused(tmp_path, text):
    path = sealed(saved(tmp_path), "state.json", text.encode("latin1"))
    assert "is damaged" in refused(path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04", b"\x80\x04N."])
def test_arrays_of_something_else_are_refused(tmp_path, content):
    assert "is damaged" in refused(sealed(saved(tmp_path), "state.npz", content))


def test_packed_arrays_are_refused(tmp_path):
    """They may unpack to more than there is memory for."""
    path = saved(tmp_path)
    np.savez_compressed(tmp_path / "packed.npz", **{"variable 0000 a": np.zeros(10**6)})
    packed = sealed(path, "state.npz", (tmp_path / "packed.npz").read_bytes())
    assert "its arrays are packed" in refused(packed)


def test_other_shapes_are_refused(tmp_path):
    path = saved(tmp_path)
    into = variables(seed=1)
    into[0] = keras.Variable(np.zeros((3, 4), "float32"))
    assert "other shapes" in refused(path, into, RunError)
    into = [*variables(seed=1), keras.Variable(np.float32(0))]
    assert "other shapes" in refused(path, into, RunError)


class Evil:
    """Unpickled, it makes a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (self.marker, "w"))


def test_nothing_is_unpickled(tmp_path):
    marker = tmp_path / "unpickled"
    file = tmp_path / "evil.npz"
    np.savez(file, **{"variable 0000 a": np.asarray([Evil(str(marker))], dtype=object)})
    assert "is damaged" in refused(sealed(saved(tmp_path), "state.npz", file.read_bytes()))
    assert not marker.exists()
    with np.load(file, allow_pickle=True) as archive:  # or the test would prove nothing
        archive["variable 0000 a"]
    assert marker.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", "[" * 100_000, '{"files": 3}', "\xff"])
def test_a_manifest_of_something_else_is_refused(text):
    with pytest.raises(ValueError, match="no manifest any more"):
        parse_manifest(text.encode("latin1"))


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


def test_describe_counts_what_is_done():
    assert describe(Position(epoch=2, step=3, steps=43)) == {"epochs_done": 2, "steps_done": 43}


def test_damage_is_a_sentence():
    assert str(Damage(Path("a/b"), "it is gone.")) == "a/b is damaged: it is gone."


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        ("50steps", Cadence(50, "steps")),
        ("1step", Cadence(1, "steps")),
        ("5min", Cadence(5, "min")),
        ("0.5min", Cadence(0.5, "min")),
        ("1epoch", Cadence(1, "epochs")),
        ("10epochs", Cadence(10, "epochs")),
    ],
)
def test_cadence(text, cadence):
    assert parse_cadence(text) == cadence


@pytest.mark.parametrize(
    "text", ["", "5", "min", "-5min", "0steps", "0min", "5 min", "5mins", "1.5epochs", "٣min"]
)
def test_what_is_no_cadence_is_refused(text):
    with pytest.raises(ValueError, match="50steps, 5min or 1epoch"):
        parse_cadence(text)


def test_zipped_members_are_stored(tmp_path):
    with zipfile.ZipFile(saved(tmp_path) / "state.npz") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
