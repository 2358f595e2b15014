"""Pictures that move: frames, and GIF or MP4 made of them."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from vaekit.atomic import write_whole
from vaekit.errors import UserError
from vaekit.figures.save import Size, refuse_format, save_figure
from vaekit.figures.style import DPI
from vaekit.page import data_url
from vaekit.wording import install_text

FORMATS = ("gif", "mp4")
_MOST_PIXELS = 4096  # of a side, which any player takes


@dataclass(frozen=True)
class Film:
    """Frames `(N, H, W, 3)`, uint8, and how many of them are shown a second.

    scale: how many pixels a side of each pixel takes. A notebook shows it moving.
    """

    frames: np.ndarray = field(repr=False)
    rate: int
    scale: int = 1

    def save(self, path: Path, *, dpi: float | None = None, size: Size | None = None) -> None:
        """Write it as GIF, which begins anew when it is over, or as MP4, by the ending of `path`.

        dpi: pixels an inch, 150 where it is None. size: width and height in inches, which the
            images fill without being stretched.

        Raises `UserError` for MP4 where `av` isn't installed, `RunError` if there is no room on the
        disk or no right to.
        """
        refuse_film_format(path)
        frames = self._scaled(dpi or DPI, size)
        write = self._write_mp4 if path.suffix.lower() == ".mp4" else self._write_gif
        write_whole(path, lambda temporary: write(temporary, frames))

    def _repr_html_(self) -> str:
        gif = io.BytesIO()
        self._write_gif(gif, [Image.fromarray(frame) for frame in self.frames])
        address = data_url(gif.getvalue(), "image/gif")
        width = self.frames.shape[2] * self.scale
        # The browser enlarges them, which keeps notebooks small.
        return (
            f'<img alt="{len(self.frames)} frames" width="{width}" '
            f'style="image-rendering: pixelated" src="{address}">'
        )

    def _scaled(self, dpi: float, size: Size | None) -> list[Image.Image]:
        height, width = self.frames.shape[1:3]
        natural = (width * self.scale / DPI, height * self.scale / DPI)
        pixels = [round(side * dpi) for side in size or natural]
        if not all(2 <= side <= _MOST_PIXELS for side in pixels):
            shown = " x ".join(map(str, pixels))
            raise UserError(f"A film has 2 to {_MOST_PIXELS} pixels on a side, not {shown}.")
        share = min(pixels[0] / width, pixels[1] / height)
        inner = max(1, round(width * share)), max(1, round(height * share))
        corner = (pixels[0] - inner[0]) // 2, (pixels[1] - inner[1]) // 2
        frames = []
        for frame in self.frames:
            whole = Image.new("RGB", (pixels[0], pixels[1]), "white")
            whole.paste(Image.fromarray(frame).resize(inner, Image.Resampling.NEAREST), corner)
            frames.append(whole)
        return frames

    def _write_gif(self, file: Path | IO[bytes], frames: Sequence[Image.Image]) -> None:
        grey = bool((self.frames == self.frames[..., :1]).all())
        shown = [frame.convert("L") if grey else in_few_colours(frame) for frame in frames]
        write_gif(file, shown, [1000 // self.rate] * len(shown))

    def _write_mp4(self, file: Path, frames: Sequence[Image.Image]) -> None:
        import av

        width, height = (side + side % 2 for side in frames[0].size)  # H.264 takes even ones
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=self.rate, options={"crf": "16"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for frame in frames:
                whole = Image.new("RGB", (width, height), "white")
                whole.paste(frame)
                container.mux(stream.encode(av.VideoFrame.from_image(whole)))
            container.mux(stream.encode(None))


def save_picture(
    picture: Figure | Film, path: Path, *, dpi: float | None = None, size: Size | None = None
) -> None:
    """Write a still or a film; see `save_figure` and `Film.save`."""
    if isinstance(picture, Film):
        picture.save(path, dpi=dpi, size=size)
    else:
        save_figure(picture, path, dpi=dpi, size=size)


def refuse_film_format(path: Path) -> None:
    """Raise `UserError` for a file that a film can't be written to, here or anywhere."""
    refuse_format(path, FORMATS)
    if path.suffix.lower() == ".mp4" and importlib.util.find_spec("av") is None:
        raise UserError(
            f"MP4 is written by av, which isn't installed: {install_text('vaekit[video]')}. GIF "
            "needs nothing more."
        )


def in_few_colours(frame: Image.Image) -> Image.Image:
    """A coloured frame in the 256 colours that a GIF has."""
    return frame.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)


def write_gif(
    file: Path | IO[bytes], frames: Sequence[Image.Image], milliseconds: Sequence[int]
) -> None:
    """Frames of one mode as a GIF that begins anew when it is over; each is shown for so long."""
    first, *others = frames
    first.save(
        file, "GIF", save_all=True, append_images=others, duration=list(milliseconds), loop=0
    )
