"""The map of the rooms, `docs/rooms.svg`, from the layers in `pyproject.toml` and the docstrings.

python docs/draw_rooms.py

`tests/test_architecture.py` fails while the map isn't what this script draws.
"""

from __future__ import annotations

import ast
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "rooms.svg"
WIDTH, ROW, NAME = 920, 30, 150  # pixels: the drawing, one room, the column of names


def draw() -> str:
    """The map as SVG: a box for each layer, above those that it may import from."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    top, parts = 4, []
    for layer in layers:
        rooms = layer.split(" | ")
        height = ROW * len(rooms)
        parts.append(
            f'<rect x="4" y="{top}" width="{WIDTH - 8}" height="{height - 4}" rx="4" '
            'fill="#f4f6f8" stroke="#8a99a8"/>'
        )
        for number, room in enumerate(rooms):
            y = top + ROW * number + 18
            parts.append(f'<text x="16" y="{y}" font-weight="bold">{room}</text>')
            parts.append(f'<text x="{NAME}" y="{y}">{escape(purpose(room))}</text>')
        top += height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" '
            'font-family="sans-serif" font-size="12" fill="#1c2733">',
            f'<rect width="{WIDTH}" height="{top}" fill="white" stroke="none"/>',
            *parts,
            "</svg>\n",
        ]
    )


def purpose(room: str) -> str:
    """The first line of a room's docstring."""
    path = ROOT / "vaekit" / room
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").partition("\n")[0]


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
