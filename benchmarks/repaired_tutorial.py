"""The tutorial, repaired in the plainest way, as what vaekit is compared with.

Its nets, its loss, its `fit` call; a `keras.Model` samples and adds the KL, since the printed
code runs on no current Keras. Run as a program it trains on a folder of IDX files, says so after
each epoch, and prints last what the test images cost after each, with one sample of z::

    python benchmarks/repaired_tutorial.py FOLDER --epochs 3 --seed 0
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

BATCH_SIZE = 32
LEARNING_RATE = 5e-4


def encoder() -> keras.Model:
    x = inputs = keras.Input((28, 28, 1))
    for filters, stride in zip((1, 32, 64, 64, 64), (1, 1, 2, 2, 1), strict=True):
        x = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, [layers.Dense(2)(x), layers.Dense(2)(x)])


def decoder() -> keras.Model:
    inputs = keras.Input((2,))
    x = layers.Dense(7 * 7 * 64)(inputs)
    x = layers.Reshape((7, 7, 64))(x)
    for stride in (1, 2, 2):
        x = layers.Conv2DTranspose(64, 3, strides=stride, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x)
    x = layers.Conv2DTranspose(1, 3, padding="same")(x)
    return keras.Model(inputs, layers.LeakyReLU()(x))


class TutorialVAE(keras.Model):
    """Encoder, a draw of z, decoder; the KL is added as a loss."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), decoder()
        self.noise = keras.random.SeedGenerator(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        mu, log_variance = self.encoder(x, training=training)
        noise = keras.random.normal(ops.shape(mu), seed=self.noise)
        z = mu + ops.exp(log_variance / 2) * noise
        kl = 0.5 * ops.sum(mu**2 + ops.exp(log_variance) - 1 - log_variance, axis=1)
        self.add_loss(ops.mean(kl))
        return self.decoder(z, training=training)


def reconstruction_loss(x: Any, y: Any) -> Any:
    """1000 x mean squared error of each image."""
    return 1000 * ops.mean(ops.square(x - y), axis=[1, 2, 3])


def compiled(seed: int) -> TutorialVAE:
    """The repaired tutorial's model, ready for `fit`."""
    keras.utils.set_random_seed(seed)
    vae = TutorialVAE(seed)
    vae.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss=reconstruction_loss)
    return vae


class EpochLines(keras.callbacks.Callback):
    """A line at the end of each epoch, after its validation."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        print(f"epoch {epoch + 1}/{self.params['epochs']}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--no-validation", action="store_true", help="leave validation out of fit")
    args = parser.parse_args()
    train, test = (_images(args.folder, name)[: args.limit] for name in ("train", "t10k"))
    vae = compiled(args.seed)
    started = time.perf_counter()
    history = vae.fit(
        train,
        train,
        epochs=args.epochs,
        batch_size=BATCH_SIZE,
        shuffle=True,
        validation_data=None if args.no_validation else (test, test),
        verbose=0,
        callbacks=[EpochLines()],
    ).history
    seconds = time.perf_counter() - started
    print(json.dumps({"fit_seconds": round(seconds, 2), "history": history}))


def _images(folder: Path, name: str) -> np.ndarray:
    packed = next(folder.glob(f"{name}-images*"))
    raw = (gzip.decompress if packed.suffix == ".gz" else bytes)(packed.read_bytes())
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1)
    return pixels.astype("float32") / 255


if __name__ == "__main__":
    main()
