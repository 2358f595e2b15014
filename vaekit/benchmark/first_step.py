"""A process that does what `vaekit train` does until its first step is through, then ends.

python -m vaekit.benchmark.first_step CONFIG.toml
"""

from __future__ import annotations

import os
import sys

from vaekit.backend import select_backend
from vaekit.config import TrainConfig, read_config


def main(path: str) -> None:
    """Open what the config file describes, and train one step."""
    config = TrainConfig.checked(read_config(path))
    select_backend(config.backend, config.settings)
    from vaekit.benchmark.subject import Subject

    Subject(config, [config.batch_size]).training(config.batch_size)(1)
    os._exit(0)  # how long Python takes to clean up is no part of the wait


if __name__ == "__main__":
    main(sys.argv[1])
