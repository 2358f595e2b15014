"""Compiled steps, and the blocks of image indices that they take.

A block is `(S, B)`, int32: S steps, each on the B images that its row names, in one call. Steps
give one row of sums each, `(S, M)` float32 in NumPy, as `program.columns` or `program.eval_columns`
name them. After a call, all Keras variables hold their present values.
"""

from __future__ import annotations

import numpy as np

from vaekit.config import MAX_STEPS
from vaekit.data import UNLABELLED, StoredPixels
from vaekit.engine.backend import Call, ForwardStep, current_engine
from vaekit.engine.feed import Feed, Source
from vaekit.engine.lockstep import Lockstep
from vaekit.engine.program import Program
from vaekit.types import Images, Pixels, as_images
from vaekit.workers import ALONE, Group, own_rows


class Steps:
    """Training or evaluation steps; they may read images ahead until they are closed.

    group: the workers that share each batch; blocks are of whole batches on all of them.
    """

    def __init__(self, call: Call, feed: Feed | None, group: Group = ALONE) -> None:
        self._call = call
        self._feed = feed
        self._group = group

    def __call__(self, block: np.ndarray) -> np.ndarray:
        return self._call(block)

    def through(self, call: Call) -> Steps:
        """The same steps, called through `call`."""
        return Steps(call, self._feed, self._group)

    def most(self, batch_size: int) -> int:
        """How many steps of such batches one call may take."""
        share = batch_size // self._group.size
        return MAX_STEPS if self._feed is None else self._feed.most(share)

    def expect(self, indices: np.ndarray, batch_size: int) -> None:
        """The next steps are over these images in this order, so many a step."""
        if self._feed is not None:
            blocks = batches(indices, batch_size)
            shares = [own_rows(block, self._group.rank, self._group.size) for block in blocks]
            own = np.concatenate([share.ravel() for share in shares] or [indices])
            self._feed.expect(own, batch_size // self._group.size)

    def close(self) -> None:
        """Read nothing ahead any more."""
        if self._feed is not None:
            self._feed.close()


def compile_train(program: Program, images: Images | Pixels, group: Group = ALONE) -> Steps:
    """Training steps on images, uint8 or float32; with their labels, where the program wants them.

    An array moves to the device; of stored images, each batch does when its step comes.

    group: the workers that train together, of which each has all images and takes its share.
    """
    source = _source(program, images)
    call = current_engine().train(program, source, Lockstep(program, group))
    return Steps(lambda block: call(own_rows(block, group.rank, group.size)), source.feed, group)


def compile_evaluate(program: Program, images: Images | Pixels) -> Steps:
    """Evaluation steps on `images`, which change no weight."""
    return compile_forward(program, program.eval_step, images)


def compile_forward(program: Program, step: ForwardStep, images: Images | Pixels) -> Steps:
    """Steps on `images` by a method of the program's that takes no gradient."""
    source = _source(program, images)
    return Steps(current_engine().forward(program, step, source), source.feed)


def _source(program: Program, images: Images | Pixels) -> Source:
    pixels, labels = as_images(images)[:2]
    held = Feed(pixels) if isinstance(pixels, StoredPixels) else np.asarray(pixels)
    return Source(held, classes_of(program, labels))


def classes_of(program: Program, labels: np.ndarray | None) -> np.ndarray | None:
    """Labels `(N,)` as a program's steps take them, int32; None where they take none.

    Raises `DataError` where there are none, or one is no class.
    """
    if program.vae.condition is None:
        return None
    least = UNLABELLED if program.needs.classifier is not None else 0
    return program.vae.condition.checked(labels, least)


def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order in which an epoch visits `count` images: indices, int32; epochs count from 0.

    A pure function of (seed, epoch).
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    # As `permutation(count)`, in a third of the memory.
    order = np.arange(count, dtype=np.int32)
    generator.shuffle(order)
    return order


def batches(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches of indices in two blocks: the full ones `(S, batch_size)`, and a last `(1, rest)`.

    A block may be missing, never empty.
    """
    full = len(order) // batch_size
    blocks = [order[: full * batch_size].reshape(full, batch_size)] if full else []
    rest = order[full * batch_size :]
    return [*blocks, rest[None]] if len(rest) else blocks
