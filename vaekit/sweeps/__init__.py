"""Sweeps: many trainings of one file, in one process or several, that a kill doesn't lose."""

from vaekit.sweeps.results import Sweep, SweptTrial
from vaekit.sweeps.start import sweep, work_for_parent

__all__ = ["Sweep", "SweptTrial", "sweep", "work_for_parent"]
