"""What moves the weights, and at which rate."""

from vaekit.optimizer.build import OneCycle, all_steps, build_optimizer
from vaekit.optimizer.muon import Muon, Slots

__all__ = ["Muon", "OneCycle", "Slots", "all_steps", "build_optimizer"]
