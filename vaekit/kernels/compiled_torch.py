"""A training step on torch as one compiled graph: forward, backward and update together.

Reaches into: `torch.fx.experimental`, and Keras's draws (`vaekit.kernels.draws_torch`).
Why: the step is run once while its operations are recorded, with the values of all variables as the
graph's inputs; `torch.compile` then gets the recording, so that no Python of a part, of Keras or of
a plugin is left for it to understand.
Gain: not measured apart; it is off unless `--compile` asks for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from typing import Any

import keras
import torch

from vaekit.errors import VaekitWarning
from vaekit.memory import is_out_of_memory
from vaekit.wording import option_text

Step = Callable[[Any], Any]


def compiled_step(
    step: Step, variables: Sequence[keras.Variable], trained: Collection[keras.Variable]
) -> Step:
    """`step`, compiled for each shape of batch it gets.

    variables: all that it moves. trained: those of them that it takes gradients in.

    Where that fails, `step` itself is taken from then on, with a `VaekitWarning` that says why.
    """
    graphs: dict[tuple[tuple[int, ...], ...], Step] = {}
    eager = False

    def run(batch: Any) -> Any:
        nonlocal eager
        shape = tuple(tuple(part.shape) for part in keras.tree.flatten(batch))
        if not eager and shape not in graphs:
            try:
                graphs[shape] = _graph(step, variables, {id(v) for v in trained}, batch)
            except Exception as error:  # whatever recorders and compilers raise
                if is_out_of_memory(error):
                    raise
                eager = True
                _warn(error)
        return step(batch) if eager else graphs[shape](batch)

    return run


def _graph(
    step: Step, variables: Sequence[keras.Variable], trained: Collection[int], batch: Any
) -> Step:
    """The step on batches of this shape; compiled when this returns, and no variable moved."""
    # Here, so that a torch or a Keras without them leaves the step as it is.
    from torch.fx.experimental.proxy_tensor import make_fx

    from vaekit.kernels.draws_torch import recordable_draws

    parts = keras.tree.flatten(batch)

    def pure(*values: Any) -> Any:
        batch_again = keras.tree.pack_sequence_as(batch, values[: len(parts)])
        state = values[len(parts) :]
        copies = [
            value.clone().requires_grad_(id(variable) in trained)
            for variable, value in zip(variables, state, strict=True)
        ]
        with keras.StatelessScope(list(zip(variables, copies, strict=True))) as scope:
            row = step(batch_again)
            after = [scope.get_current_value(variable) for variable in variables]
        _refuse_others(scope, variables)
        with torch.no_grad():
            for value, new in zip(state, after, strict=True):
                value.copy_(new)
        return row

    with recordable_draws():
        recorded = make_fx(pure)(*parts, *_values(variables, copied=True))
    graph = torch.compile(recorded, fullgraph=True, dynamic=False, options=_OPTIONS)
    with torch.no_grad():
        graph(*parts, *_values(variables, copied=True))

    @torch.no_grad()
    def run(batch: Any) -> Any:
        return graph(*keras.tree.flatten(batch), *_values(variables))

    return run


# What a part draws past Keras's generators is then drawn as it would be without compiling.
_OPTIONS = {"fallback_random": True}


def _values(variables: Sequence[keras.Variable], *, copied: bool = False) -> list[Any]:
    values = [variable.value.detach() for variable in variables]
    return [value.clone() for value in values] if copied else values


def _refuse_others(scope: keras.StatelessScope, variables: Sequence[keras.Variable]) -> None:
    """A variable that isn't the program's would stay as it is in every step."""
    if len(scope.state_mapping) > len({id(variable) for variable in variables}):
        raise ValueError("it changes a variable that is not one of the model's")


def _warn(error: Exception) -> None:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    warnings.warn(
        f"torch can't compile this step ({type(error).__name__}: {reason}), so it runs operation "
        f"by operation; {option_text('compile', False)} asks for just that.",
        VaekitWarning,
        stacklevel=2,
    )
