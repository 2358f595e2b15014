"""What moves the weights, and at which rate."""

from vaekit.optimizer.build import all_steps, build_optimizer
from vaekit.optimizer.muon import Muon
from vaekit.optimizer.one_cycle import OneCycle

__all__ = ["Muon", "OneCycle", "all_steps", "build_optimizer"]
