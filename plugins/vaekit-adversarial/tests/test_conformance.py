"""The kit's own checks, on every part."""

import pytest


@pytest.mark.vaekit_checks("vae-gan", "image-tokenizer", kind="loss")
def test_conforms(check):
    check()
