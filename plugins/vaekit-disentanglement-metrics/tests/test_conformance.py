"""The kit's own checks, on every metric."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from vaekit_disentanglement_metrics.udr import udr


class AnotherRun:
    """Some pixels as z."""

    def latents(self, images: vaekit.Images) -> np.ndarray:
        return np.asarray(images.pixels[:], "float32").reshape(len(images.pixels), -1)[:, 5:30:7]


def udr_of_another() -> vaekit.Metric:
    """UDR, which can't be built without the name of another run."""
    return udr(runs=("another",))


@pytest.fixture(autouse=True)
def _another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaekit, "load", lambda path: AnotherRun(), raising=False)


@pytest.mark.vaekit_checks("mig", kind="metric")
@pytest.mark.vaekit_checks("sap", kind="metric")
@pytest.mark.vaekit_checks("dci", kind="metric")
@pytest.mark.vaekit_checks("modularity", kind="metric")
@pytest.mark.vaekit_checks("factor-vae-score", kind="metric")
@pytest.mark.vaekit_checks("beta-vae-score", kind="metric")
@pytest.mark.vaekit_checks("irs", kind="metric")
@pytest.mark.vaekit_checks(udr_of_another, kind="metric")
def test_conforms(check):
    check()
