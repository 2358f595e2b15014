"""What is faster on this machine: measured once, in child processes, kept, and chosen.

Nothing here imports Keras: oneDNN, threads and allocator are chosen before a backend starts.
"""

from vaekit.autotune.combination import OPTIONS
from vaekit.autotune.tuning import UNTUNED, Tuning, begun_with, tune

__all__ = ["OPTIONS", "UNTUNED", "Tuning", "begun_with", "tune"]
