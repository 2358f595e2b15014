"""All that replaces functions of Keras or its backends, or reaches into them, and the fence.

Each module says what it replaces, why, and what was gained; `benchmarks/kernels.py` measures it
again. `--kernels stock` runs with none of them. One that doesn't work with the Keras or the backend
that is installed is left out with a warning: see `vaekit.kernels.fence`.
"""

from vaekit.kernels.fence import KERNELS, ActiveKernels, Kernel, usable_kernels

__all__ = ["KERNELS", "ActiveKernels", "Kernel", "usable_kernels"]
