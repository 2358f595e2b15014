"""The child process of `examine_backends`: two training steps on one backend, told as JSON."""

from __future__ import annotations

import json

from vaekit.startup import select_backend, with_keras_defaults


@with_keras_defaults
def main() -> None:
    """Train the default parts for two steps on noise; print the devices and the losses."""
    select_backend(None)  # the parent chose it, by KERAS_BACKEND

    import keras
    import numpy as np

    from vaekit.config import TrainConfig
    from vaekit.engine import Program, compile_train
    from vaekit.model import build_vae, resolve_parts
    from vaekit.plugins import discover
    from vaekit.run import describe_environment

    parts = resolve_parts(TrainConfig(), discover().registry)
    loss, needs = parts.build_loss()
    vae = build_vae(parts, (8, 8, 1), latent_dim=2, scale=needs.scale, seed=0)
    program = Program(vae, loss, needs, keras.optimizers.Adam(5e-4), seed=0, dataset_size=8)
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype="uint8")
    block = np.tile(np.arange(8, dtype="int32"), (2, 1))
    rows = compile_train(program, images)(block)
    losses = rows[:, program.columns.names.index("loss")] / len(images)
    devices = describe_environment()["machine"]["devices"]
    print(json.dumps({"devices": devices, "losses": [float(loss) for loss in losses]}))


if __name__ == "__main__":
    main()
