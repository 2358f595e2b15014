"""Starting workers by Ray, wherever it has room for them, and again when one is lost.

What a worker does it is handed; which of them it is, it reads from the environment, as under
torchrun (`vaekit.workers`).
"""

from vaekit.launch.launch import launch
from vaekit.launch.ray_train import Job

__all__ = ["Job", "launch"]
