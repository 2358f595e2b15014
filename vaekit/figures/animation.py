"""`training.gif`: what the model makes of the prior, or of held-out images, as it learns."""

from __future__ import annotations

import io
import time
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vaekit.atomic import write_whole
from vaekit.errors import RunError, VaekitWarning
from vaekit.figures.film import in_few_colours, write_gif
from vaekit.figures.grid import as_rgb, enlarge, tile
from vaekit.figures.scene import scene_of
from vaekit.figures.style import INK
from vaekit.model import VAE, run_model
from vaekit.types import Images
from vaekit.untrusted.zips import open_zip

if TYPE_CHECKING:
    from vaekit.run import RunDirectory

MOST_FRAMES = 40
_SHARE = 25  # a frame comes when training went on for so many times what the last one took
_SIDE = 512  # pixels of a frame, about
_CAPTION = 28
_SECONDS, _LAST = 6.0, 2.5  # of all frames but the last; of that
_NAME = "{:06d}.png"
_MOST_BYTES = 2**26  # of one frame


class Animation:
    """The frames of a run, kept in its directory while it trains, and the GIF of them.

    What a frame shows, `vaekit.figures.scene` says. There is one before training and one an epoch:
    of a run of more than 40 epochs, of each second, third and so on, so that there are 40 at most;
    and none while frames would take more than a twenty-fifth of the time, as in epochs of a
    fraction of a second. The last state of a run is always in its GIF.

    model: what is trained; taking a frame changes nothing of it.
    images: held-out ones, as the run is given them.
    epochs: how many the run has in all.
    done: how many it has behind it: later frames, of what was given up, are dropped.
    """

    def __init__(
        self, directory: RunDirectory, model: VAE, images: Images, *, epochs: int, done: int
    ) -> None:
        self._directory = directory
        self._model = model
        height, width, channels = model.image_shape
        self._gray = channels != 3
        self._scene = scene_of(model, images, _SIDE)
        self._size = (self._scene.columns * width, self._scene.rows * height)
        self._scale = max(1, _SIDE // max(self._size))
        self._every = -(-epochs // MOST_FRAMES)
        self._frames = {epoch: png for epoch, png in self._read().items() if epoch <= done}
        self._took: float | None = None
        self._ended = 0.0

    def frame(self, epoch: int) -> None:
        """Add what the decoder is after `epoch` epochs, if a frame is due, and keep it on disk.

        Raises `NoRoomError` or `RunError` if it can't be written.
        """
        began = time.monotonic()
        due = self._took is None or began - self._ended >= _SHARE * self._took
        if not due or epoch % self._every:
            return
        self._add(epoch)
        write_whole(self._directory.frames, self._write_frames)
        self._ended = time.monotonic()
        # The first one also compiles, which the pictures at the end would otherwise.
        self._took = 0.0 if self._took is None else self._ended - began

    def write(self, path: Path, epoch: int) -> None:
        """Write the GIF, whose last frame is the decoder as it is now, after `epoch` epochs.

        It begins anew when it is over, and its last frame stays longer.
        """
        if epoch not in self._frames:
            self._add(epoch)
        frames = [self._shown(number) for number in sorted(self._frames)]
        others = len(frames) - 1
        each = int(np.clip(1000 * _SECONDS / max(1, others), 100, 700))
        durations = [each] * others + [int(1000 * _LAST)]
        write_whole(path, lambda temporary: write_gif(temporary, frames, durations))

    def _add(self, epoch: int) -> None:
        canvas = tile(as_rgb(self._decoded()), self._scene.columns, gap=0)
        png = io.BytesIO()
        Image.fromarray(canvas[..., 0] if self._gray else canvas).save(png, "PNG")
        self._frames[epoch] = png.getvalue()

    def _decoded(self) -> np.ndarray:
        """The scene's images; a layer that draws even at rest gets its random state back."""
        trained = {id(variable) for variable in self._model.trainable_variables}
        states = [v for v in self._model.variables if id(v) not in trained]
        before = [keras.ops.convert_to_numpy(state) for state in states]
        (images,) = run_model(self._model.decoder, self._scene.z(), self._scene.labels)
        for state, value in zip(states, before, strict=True):
            state.assign(value)
        return images

    def _shown(self, epoch: int) -> Image.Image:
        """A frame as the GIF has it: enlarged, and with its epoch said above."""
        with Image.open(io.BytesIO(self._frames[epoch])) as stored:
            pixels = np.asarray(stored)
        shown = Image.fromarray(enlarge(pixels, self._scale))
        whole = Image.new(shown.mode, (shown.width, shown.height + _CAPTION), "white")
        whole.paste(shown, (0, _CAPTION))
        font = ImageFont.truetype(
            str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), 16
        )
        text = f"after epoch {epoch}" if epoch else "before training"
        ImageDraw.Draw(whole).text((6, _CAPTION // 2), text, fill=INK, font=font, anchor="lm")
        return whole if self._gray else in_few_colours(whole)

    def _write_frames(self, path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
            for epoch, png in self._frames.items():
                archive.writestr(_NAME.format(epoch), png)

    def _read(self) -> dict[int, bytes]:
        """The frames of before, of as many epochs as are still wanted; none if they are damaged."""
        path = self._directory.frames
        if not path.exists():
            return {}
        try:
            self._directory.checksums.read(path)
            with open_zip(path, RunError) as archive:
                frames = {
                    int(name.removesuffix(".png")): archive.read(name, at_most=_MOST_BYTES)
                    for name in sorted(archive.members)
                }
            for png in frames.values():
                self._refuse_other(png)
        except (OSError, ValueError, RunError) as error:
            message = f"{path} can't be read ({error}): training.gif begins here."
            warnings.warn(VaekitWarning(message), stacklevel=2)
            return {}
        return {epoch: png for epoch, png in frames.items() if epoch % self._every == 0}

    def _refuse_other(self, png: bytes) -> None:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.size != self._size or image.mode != ("L" if self._gray else "RGB"):
                raise ValueError(f"a frame is {image.size}, not {self._size}")
            image.load()
