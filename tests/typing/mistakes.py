"""Mistakes that `mypy --strict` must find: each line with a code in a comment, and no other."""

from __future__ import annotations

import vaekit

vaekit.trian(data="digits")  # [attr-defined]
vaekit.load(3)  # [arg-type]
vaekit.resume("run", epochs="three")  # [arg-type]
vaekit.load_data()  # [call-arg]
vaekit.register_encoder("mine", 7)  # [arg-type]
vaekit.register_encoder("mine")  # [call-arg]
size: str = vaekit.load("run").latent_dim  # [assignment]


class Half(vaekit.Loss):
    """A loss that gives no terms."""


Half()  # [abstract]
vaekit.Dataset("noise")  # [call-arg]
