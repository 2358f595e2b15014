"""Makes the files in this folder with Keras 2: `pip install tf_keras`, then run it here.

They are the tutorial's three files with small nets of 8x8 images, each packed by gzip, and what
Keras 2 itself gets from them.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import tf_keras as keras
from tf_keras import backend as K
from tf_keras import layers


def sampling(heads):
    mu, log_variance = heads
    return mu + K.exp(log_variance / 2) * K.random_normal(shape=K.shape(mu))


x = images = layers.Input((8, 8, 1), name="encoder_input")
for n, (filters, stride) in enumerate(((1, 1), (2, 2), (3, 2)), 1):
    x = layers.Conv2D(filters, 3, stride, padding="same", name=f"encoder_conv_{n}")(x)
    x = layers.BatchNormalization(name=f"encoder_norm_{n}")(x)
    x = layers.LeakyReLU(name=f"encoder_leakyrelu_{n}")(x)
x = layers.Flatten()(x)
mu = layers.Dense(2, name="encoder_mu")(x)
log_variance = layers.Dense(2, name="encoder_log_variance")(x)
z = layers.Lambda(sampling, name="encoder_output")([mu, log_variance])
encoder = keras.Model(images, z, name="encoder_model")

x = latents = layers.Input((2,), name="decoder_input")
x = layers.Dense(2 * 2 * 3, name="decoder_dense_1")(x)
x = layers.Reshape((2, 2, 3))(x)
x = layers.Conv2DTranspose(3, 3, 2, padding="same")(x)
x = layers.BatchNormalization()(x)
x = layers.LeakyReLU()(x)
x = layers.Conv2DTranspose(1, 3, 2, padding="same")(x)
decoder = keras.Model(latents, layers.LeakyReLU(name="decoder_output")(x), name="decoder_model")
whole = layers.Input((8, 8, 1), name="VAE_input")
vae = keras.Model(whole, decoder(encoder(whole)), name="VAE")

random = np.random.default_rng(0)
for model in (encoder, decoder):
    model.set_weights([random.uniform(0.1, 0.5, w.shape) for w in model.get_weights()])
vae.compile("adam", "mse")
for name, model in (("VAE_encoder", encoder), ("VAE_decoder", decoder), ("VAE", vae)):
    model.save(f"{name}.h5")
    file = Path(f"{name}.h5")
    Path(f"{name}.h5.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    file.unlink()

batch = random.uniform(0, 1, (4, 8, 8, 1)).astype("float32")
z_mean, z_log_var = keras.Model(images, [mu, log_variance]).predict(batch)
decoded = decoder.predict(z_mean)
np.savez("expected.npz", images=batch, z_mean=z_mean, z_log_var=z_log_var, decoded=decoded)
