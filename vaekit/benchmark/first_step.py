"""A process that does what `vaekit train` does until its first step is through, then ends.

python -m vaekit.benchmark.first_step [--plugin FILE] [--no-plugin NAME] CONFIG.toml
"""

from __future__ import annotations

import argparse
import os

from vaekit.config import TrainConfig
from vaekit.config_files import read_config
from vaekit.plugins import selected
from vaekit.startup import select_backend


def main() -> None:
    """Open what the config file describes, and train one step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--no-plugin", action="append", default=[])
    parser.add_argument("config")
    options = parser.parse_args()
    with selected(files=options.plugin, without=options.no_plugin):
        _step(TrainConfig.checked(read_config(options.config)))


def _step(config: TrainConfig) -> None:
    select_backend(config.backend, config.settings)
    from vaekit.benchmark.subject import Subject

    Subject(config, [config.batch_size]).training(config.batch_size)(1)
    os._exit(0)  # how long Python takes to clean up is no part of the wait


if __name__ == "__main__":
    main()
