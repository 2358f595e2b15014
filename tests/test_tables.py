"""Tables by their file's ending, read back by the libraries that people read them with."""

from __future__ import annotations

import errno

import h5py
import numpy as np
import pytest

from vaekit.errors import NoRoomError, UserError
from vaekit.tables import Table, refuse_unknown_ending, write_table

FILES = ["a/x, y.png", 'a/"quoted".png', "b/猫\n.png", "b/\udcff.png", ""]
READ = ["a/x, y.png", 'a/"quoted".png', "b/猫\n.png", "b/\\udcff.png", ""]  # as UTF-8
LABELS = np.array([0, 0, 1, 1, 7])
Z = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
LOSS = np.array([0.1, np.pi, -1e-30, np.nan, 3e38], "float32")


def table():
    keys = {"file": np.array(FILES, object), "label": LABELS}
    chunks = ((Z[rows], LOSS[rows]) for rows in (slice(2), slice(2, 5)))
    return Table(keys, {"z_mean": (3,), "loss": ()}, chunks)


@pytest.mark.parametrize("name", ["a.csv", "b.parquet", "C.CSV"])
def test_fields_are_read_back_by_pandas(tmp_path, name):
    import pandas as pd  # which only the environment of these tests has

    write_table(tmp_path / name, table())
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    kept = {} if name.endswith("parquet") else {"keep_default_na": False, "na_values": ["nan"]}
    frame = read(tmp_path / name, **kept)
    assert list(frame) == ["file", "label", "z_mean_0", "z_mean_1", "z_mean_2", "loss"]
    assert frame["file"].tolist() == READ
    assert frame["label"].tolist() == LABELS.tolist()
    np.testing.assert_array_equal(frame.iloc[:, 2:5].to_numpy("float32"), Z)
    np.testing.assert_array_equal(frame["loss"].to_numpy("float32"), LOSS)


@pytest.mark.parametrize("name", ["a.h5", "b.hdf5"])
def test_arrays_are_read_back_by_h5py(tmp_path, name):
    write_table(tmp_path / name, table())
    with h5py.File(tmp_path / name) as file:
        text = h5py.check_string_dtype(file["file"].dtype)
        assert (text.encoding, text.length) == ("utf-8", None)
        assert file["file"].asstr()[()].tolist() == READ
        check_arrays({name: file[name][()] for name in file})


def test_arrays_are_read_back_by_numpy_without_unpickling(tmp_path):
    write_table(tmp_path / "a.npz", table())
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["file"].tolist() == READ
        check_arrays(dict(arrays))


def check_arrays(arrays):
    assert set(arrays) == {"file", "label", "z_mean", "loss"}
    np.testing.assert_array_equal(arrays["label"], LABELS)
    np.testing.assert_array_equal(arrays["z_mean"], Z)
    np.testing.assert_array_equal(arrays["loss"], LOSS)
    assert (arrays["z_mean"].dtype, arrays["label"].dtype) == (np.float32, np.int64)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.gz", ".csv"])
def test_other_endings_are_refused_with_those_there_are(tmp_path, name):
    with pytest.raises(UserError, match=r"\.h5, \.hdf5, \.npz, \.csv or \.parquet"):
        write_table(tmp_path / name, table())
    assert not list(tmp_path.iterdir())


def test_parquet_without_pyarrow_says_how_to_have_it(tmp_path, monkeypatch):
    monkeypatch.setattr("vaekit.tables.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'vaekit\[parquet\]', or end .* \.csv"):
        refuse_unknown_ending(tmp_path / "a.parquet")
    refuse_unknown_ending(tmp_path / "a.csv")


@pytest.mark.parametrize("ending", ["h5", "npz", "csv", "parquet"])
def test_what_fails_midway_leaves_the_old_file(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text("old")

    def chunks():
        yield Z[:2], LOSS[:2]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoomError):
        write_table(path, Table(table().keys, {"z_mean": (3,), "loss": ()}, chunks()))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
