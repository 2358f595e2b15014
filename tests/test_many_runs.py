"""Many runs in one process: nothing of one stays when it is let go of, and nothing is warned of."""

from __future__ import annotations

import gc
import logging
import weakref

import numpy as np

from tests.parts import make_program, some_images
from vaekit.engine import compile_train

# With a place for each kernel.
TUTORIAL = {
    **{"encoder": "conv5", "encoder_opt": {"width": 4}},
    **{"decoder": "deconv4", "decoder_opt": {"width": 4}},
}


def test_a_program_that_is_let_go_of_is_gone():
    others = _graphs()  # of what earlier tests still hold
    program = make_program(**TUTORIAL)
    train = compile_train(program, some_images(8))
    train(np.arange(8, dtype="int32")[None])
    kernel = weakref.ref(program.vae.trainable_variables[0])
    graphs = [graph for graph in _graphs() if graph not in others]
    assert graphs
    del program, train
    gc.collect()
    assert kernel() is None
    assert not any(graph() is not None for graph in graphs)


def test_custom_gradients_leave_the_registry_as_it_was():
    from tensorflow.python.framework import ops

    before = set(ops.gradient_registry.list())
    program = make_program(**TUTORIAL)
    compile_train(program, some_images(8))
    assert set(ops.gradient_registry.list()) == before


def test_models_used_at_many_sizes_are_no_reason_to_warn(run, digits):
    told = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logger = logging.getLogger("tensorflow")
    logger.addHandler(handler)
    try:
        for count in range(1, 9):
            run.encode(digits[:count])
    finally:
        logger.removeHandler(handler)
    assert told == []


def _graphs():
    """Weak references to TensorFlow's graphs of steps that are alive."""
    return [
        weakref.ref(thing)
        for thing in gc.get_objects()
        if type(thing).__name__ == "FuncGraph" and thing.name.startswith("run")
    ]
