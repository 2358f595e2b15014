"""How many steps to do in one call, so that a stop or a progress bar never waits long."""

from __future__ import annotations

from vaekit.config import MAX_STEPS

SECONDS_A_CALL = 0.5


class Pace:
    """Follows the measured speed; `fixed` steps a call if given.

    unmeasured: whether no call was timed yet; the first may compile.
    """

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._steps = fixed or 4
        self.unmeasured = True

    @property
    def steps(self) -> int:
        """Steps for the next call."""
        return self._steps

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call: grow at most fourfold, since the first ones also compile."""
        self.unmeasured = False
        if self._fixed is None:
            fitting = int(SECONDS_A_CALL * steps / max(seconds, 1e-6))
            fitting = max(1, min(fitting, 4 * self._steps, MAX_STEPS))
            # A power of two, since JAX's loops are a program for each.
            self._steps = 1 << (fitting.bit_length() - 1)
