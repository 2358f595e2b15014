"""Trainings in processes of their own, for what is decided before Keras is imported."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.bad_input.refusals import check_message, listing

TRAIN = ["train", "--data", "digits", "--limit", "64", "--epochs", "1"]
KIT = [sys.executable, "-m", "vaekit"]


def environment(**more):
    """This process's own, without what it made of it when it chose its backend."""
    ours = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def process(folder, *command, match, env=None, **options):
    before = listing(folder)
    done = subprocess.run(
        [*command, *TRAIN, "--out", "run"],
        cwd=folder,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )
    check_message(done.returncode, done.stderr, match)
    assert "Saved in" not in done.stdout
    assert listing(folder) == before
