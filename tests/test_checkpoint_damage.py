"""A checkpoint that isn't what was written is refused: the file is named, and a way back."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from tests.states import bits, saved, variables
from vaekit.checkpoint import (
    Damage,
    damages,
    describe_bytes,
    load_checkpoint,
    parse_manifest,
    render_manifest,
)
from vaekit.errors import DamagedError, RunError

pytestmark = pytest.mark.backend


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
    assert f"vaekit.resume({str(tmp_path)!r}, checkpoint={older.name!r})" in refused(newer)
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


def test_damage_is_a_sentence():
    assert str(Damage(Path("a/b"), "it is gone.")) == "a/b is damaged: it is gone."
