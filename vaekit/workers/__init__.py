"""Several processes that train one model in step: who they are, how they talk, what they average.

What starts them, torchrun, Slurm or Ray, says by variables of the environment who each is. They
reach the first of them by TCP, agree by small messages, and average gradients by their backend's
own collective.
"""

from vaekit.workers.collective import Collective, collective_of
from vaekit.workers.environment import Place, place_here
from vaekit.workers.group import ALONE, Group
from vaekit.workers.joining import group_for, joined, start_together
from vaekit.workers.shares import own_rows, refuse_uneven

__all__ = [
    "ALONE",
    "Collective",
    "Group",
    "Place",
    "collective_of",
    "group_for",
    "joined",
    "own_rows",
    "place_here",
    "refuse_uneven",
    "start_together",
]
