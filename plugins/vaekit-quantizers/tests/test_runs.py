"""Runs of codes: killed and resumed to the bit; encoded to whole numbers, and decoded from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import parts  # noqa: F401  # registers small nets
import pytest
import vaekit
from click.testing import CliRunner
from vaekit.checkpoint import latest_checkpoint, read_checkpoint
from vaekit.cli import main
from vaekit.inference import decode_to_file, encode_to_file
from vaekit.model_files import ModelFile

SMALL: dict[str, Any] = {
    **{"data": "digits", "limit": 40, "batch_size": 8, "epochs": 2, "seed": 5},
    **{"encoder": "tiny", "decoder": "tiny-map", "loss": "elbo", "latent_dim": 3},
    **{"figures": False, "progress": False},
}
FAMILY: dict[str, tuple[str, dict[str, Any]]] = {
    "averages": ("residual-vq", {"codes": 6, "depth": 2, "dropout": 0.5, "kmeans": 3}),
    "gradient": ("vq", {"codes": 6, "update": "gradient", "restart": 0.3}),
    "temperature": ("gumbel-softmax", {"classes": 4, "annealing": 0.1}),
}

# The others take as long again.
ONE_AND_THE_OTHERS = [
    "averages",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("gradient", "temperature")),
]


def options(name: str) -> dict[str, Any]:
    latent, of = FAMILY[name]
    return {**SMALL, "latent": latent, "latent_opt": of}


class Killed(Exception):
    """Stands for a process that is killed: nothing is saved on the way out."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


def result(run: vaekit.Run) -> tuple[str, list[bytes]]:
    """Each step's loss in hexadecimal, and all that the last checkpoint holds."""
    state = read_checkpoint(latest_checkpoint(run.path / "checkpoints"))
    return (run.path / "steps.csv").read_text(), [a.tobytes() for _, a in state.arrays]


@pytest.mark.backend
@pytest.mark.parametrize("name", ONE_AND_THE_OTHERS)
def test_killed_within_an_epoch_and_resumed_is_uncut(tmp_path: Path, name: str) -> None:
    """Codebooks, their averages, which codes are restarted, the temperature: all of the state."""
    values = {**options(name), "step_log": True}
    whole = vaekit.train(**values, out=str(tmp_path / "whole"))
    out = tmp_path / "cut"
    with pytest.raises(Killed):
        vaekit.train(**values, out=str(out), checkpoint_every="1step", callbacks=[KillAt(3)])
    assert read_checkpoint(latest_checkpoint(out / "checkpoints")).position.steps % 5 > 0
    assert result(vaekit.resume(out, progress=False)) == result(whole)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> vaekit.Run:
    out = tmp_path_factory.mktemp("codes") / "run"
    return vaekit.train(**{**options("averages"), "epochs": 1}, out=str(out))


@pytest.fixture(scope="module")
def some(run: vaekit.Run) -> vaekit.Images:
    return run.held_out(limit=5).images


def test_codes_are_encoded_in_the_smallest_type_and_decoded_again(
    run: vaekit.Run, some: vaekit.Images
) -> None:
    (code,) = run.encode(some)
    assert code.dtype == np.uint8
    assert code.shape == (5, 2, 2, 2) == (5, *run.code_shape)
    np.testing.assert_allclose(run.decode(code), run.reconstruct(some), atol=1e-5)
    np.testing.assert_allclose(run.decode(run.latents(some)), run.reconstruct(some), atol=1e-6)
    with pytest.raises(vaekit.DataError, match=r"There is no code \d+, as image 0 has it"):
        run.decode(code + np.uint8(6))


@pytest.mark.parametrize("ending", [".h5", ".npz", ".csv", ".parquet"])
def test_files_of_codes_hold_codes(
    run: vaekit.Run, some: vaekit.Images, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"codes{ending}"
    assert encode_to_file(run, [some], path) == (5, ("code",))
    (code,) = run.encode(some)
    if ending in (".h5", ".npz"):
        with h5py.File(path) if ending == ".h5" else np.load(path) as held:
            assert "z" not in held
            assert held["code"].dtype == np.uint8
            np.testing.assert_array_equal(held["code"][()], code)
        return
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(path) if ending == ".csv" else pandas.read_parquet(path)
    columns = [f"code_{at}" for at in range(8)]
    np.testing.assert_array_equal(frame[columns], code.reshape(5, -1))
    assert ending == ".csv" or {str(t) for t in frame[columns].dtypes} == {"uint8"}


def test_commands_go_from_images_to_codes_and_back(
    run: vaekit.Run, some: vaekit.Images, tmp_path: Path
) -> None:
    codes, images = tmp_path / "codes.h5", tmp_path / "images.h5"
    encode_to_file(run, [some], codes)
    line = ["decode", str(run.path), str(codes), "--out", str(images)]
    done = CliRunner().invoke(main, line, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with h5py.File(images) as file:
        np.testing.assert_allclose(file["images"][()], run.reconstruct(some), atol=1e-5)
    # Named, too; and z, for files that hold it.
    assert decode_to_file(run, f"{codes}::code", images.with_stem("named")) == 5
    with h5py.File(codes, "a") as file:
        file["z"] = run.latents(some)
    assert decode_to_file(run, str(codes), images.with_stem("z")) == 5


@pytest.mark.parametrize("name", ONE_AND_THE_OTHERS)
def test_its_files_open_without_trust(tmp_path: Path, name: str) -> None:
    """By the layers that the kit knows alone; the encoder in a file gives the same codes."""
    made = vaekit.train(**{**options(name), "epochs": 1}, out=str(tmp_path / "run"))
    images = made.held_out(limit=5).images
    (code,) = made.encode(images)
    for path in made.path.glob("VAE*.keras"):
        if "prior" not in path.name:  # of operations
            vaekit.load_model(path)
    read = ModelFile(made.path / "VAE_posterior.keras").posterior(images)
    assert read._fields == ("code",)
    assert read.code.dtype == code.dtype
    np.testing.assert_array_equal(read.code, code)
