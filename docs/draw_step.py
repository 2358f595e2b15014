"""The picture of a training step, `docs/step.svg`: what is handed to whom, and where state is.

python docs/draw_step.py

`tests/test_architecture.py` fails while the picture isn't what this script draws.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

OUT = Path(__file__).parent / "step.svg"
WIDTH, HEIGHT, LINE = 920, 652, 14  # pixels


class Box(NamedTuple):
    """A rectangle around its centre. title: in bold; lines: under it. fill: by what it is."""

    x: int
    y: int
    width: int
    fill: str
    title: str
    lines: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Of the title and the lines."""
        return LINE * (1 + len(self.lines)) + 14


PART, VALUE, STATE = "#dbe7f3", "#ffffff", "#fdf3d8"  # chosen by name, handed on, kept

BOXES = {
    "images": Box(80, 60, 130, VALUE, "x", ("images of the batch,", "scaled, augmented")),
    "encoder": Box(240, 60, 120, PART, "encoder", ("--encoder",)),
    "features": Box(400, 60, 120, VALUE, "features", ("any shape",)),
    "heads": Box(560, 60, 120, PART, "latent", ("--latent: its heads",)),
    "parameters": Box(770, 60, 180, VALUE, "parameters", ("of q(z|x), by name",)),
    "labels": Box(80, 200, 130, VALUE, "labels", ("--condition", "labels")),
    "code": Box(320, 200, 150, PART, "code of the class", ("one-hot or embedded",)),
    "prior": Box(560, 200, 120, PART, "prior", ("--prior: p(z)",)),
    "draw": Box(770, 200, 180, PART, "latent", ("its posterior, drawn from:", "infer()")),
    "reconstruction": Box(80, 340, 130, VALUE, "reconstruction", ("means, or logits",)),
    "decoder": Box(320, 340, 120, PART, "decoder", ("--decoder",)),
    "z": Box(560, 340, 120, VALUE, "z", ("one or K an image", "a vector or a map")),
    "divergence": Box(770, 340, 180, VALUE, "Draw", ("z, KL, log q(z|x) - log p(z),", "own terms")),
    "loss": Box(80, 480, 130, PART, "loss", ("--loss", "loss(x, output)")),
    "terms": Box(260, 480, 130, VALUE, "terms", ("by name, one value", "an image each")),
    "players": Box(440, 480, 130, PART, "players", ("the loss's: who", "goes down which")),
    "gradients": Box(
        615, 480, 130, VALUE, "gradients", ("all are taken before", "any weight moves")
    ),
    "optimizers": Box(790, 480, 130, PART, "optimizers", ("one a player",)),
    "noise": Box(
        160, 600, 270, STATE, "random states", ("of draws, of augmentation", "and of evaluation")
    ),
    "assigned": Box(
        460,
        600,
        270,
        STATE,
        "averages, codebooks",
        ("assigned in training calls alone:", "batch norm's, a latent's, a loss's"),
    ),
    "weights": Box(
        790,
        600,
        220,
        STATE,
        "weights",
        ("encoder, latent, prior, decoder,", "the loss's and its networks'"),
    ),
}

# From the side of a box to the side of another: left, right, top, bottom.
ARROWS = (
    ("images", "right", "encoder", "left"),
    ("encoder", "right", "features", "left"),
    ("features", "right", "heads", "left"),
    ("heads", "right", "parameters", "left"),
    ("parameters", "bottom", "draw", "top"),
    ("labels", "right", "code", "left"),
    ("code", "top", "features", "bottom"),
    ("code", "right", "prior", "left"),
    ("code", "bottom", "decoder", "top"),
    ("prior", "right", "draw", "left"),
    ("draw", "bottom", "divergence", "top"),
    ("divergence", "left", "z", "right"),
    ("z", "left", "decoder", "right"),
    ("decoder", "left", "reconstruction", "right"),
    ("reconstruction", "bottom", "loss", "top"),
    ("divergence", "bottom", "loss", "top"),
    ("loss", "right", "terms", "left"),
    ("terms", "right", "players", "left"),
    ("players", "right", "gradients", "left"),
    ("gradients", "right", "optimizers", "left"),
    ("optimizers", "bottom", "weights", "top"),
)


def draw() -> str:
    """The picture as SVG."""
    legend = (
        (PART, "a part, or what it brings"),
        (VALUE, "what is handed on"),
        (STATE, "state: Keras variables, in every checkpoint"),
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="11" fill="#1c2733">',
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5a6b7b"/>'
            "</marker></defs>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            *(_arrow(*arrow) for arrow in ARROWS),
            *(line for box in BOXES.values() for line in _box(box)),
            *(line for n, entry in enumerate(legend) for line in _legend(20 + 250 * n, *entry)),
            "</svg>\n",
        ]
    )


def _box(box: Box) -> list[str]:
    top = box.y - box.height // 2
    lines = [
        f'<rect x="{box.x - box.width // 2}" y="{top}" width="{box.width}" height="{box.height}" '
        f'rx="4" fill="{box.fill}" stroke="#8a99a8"/>'
    ]
    for number, text in enumerate((box.title, *box.lines)):
        weight = ' font-weight="bold"' if number == 0 else ""
        y = top + 18 + LINE * number
        lines.append(
            f'<text x="{box.x}" y="{y}" text-anchor="middle"{weight}>{escape(text)}</text>'
        )
    return lines


def _arrow(start: str, leaves: str, end: str, enters: str) -> str:
    (x, y), (to_x, to_y) = _side(BOXES[start], leaves), _side(BOXES[end], enters)
    if leaves in ("left", "right") or x == to_x:
        path = f"M{x} {y}L{to_x} {to_y}"
    else:  # down or up, across, and on
        across = (y + to_y) // 2
        path = f"M{x} {y}V{across}H{to_x}V{to_y}"
    return f'<path d="{path}" fill="none" stroke="#5a6b7b" marker-end="url(#head)"/>'


def _side(box: Box, side: str) -> tuple[int, int]:
    x, y = box.width // 2, box.height // 2
    dx, dy = {"left": (-x, 0), "right": (x, 0), "top": (0, -y), "bottom": (0, y)}[side]
    return box.x + dx, box.y + dy


def _legend(x: int, fill: str, text: str) -> list[str]:
    return [
        f'<rect x="{x}" y="8" width="14" height="10" rx="2" fill="{fill}" stroke="#8a99a8"/>',
        f'<text x="{x + 20}" y="17">{text}</text>',
    ]


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
