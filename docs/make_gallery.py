"""The gallery: a short run of each preset, its picture, and the page of them all.

    python docs/make_gallery.py              # every preset
    python docs/make_gallery.py svae vq-vae  # these alone; other rows stay
    python docs/make_gallery.py --check      # train nothing: is the page that of the results?

Needs the distributions of plugins/ installed. Each run is the command that the page shows. What
came of it goes to `docs/gallery/results.json` and a picture beside it; the page is made from these.
"""

from __future__ import annotations

import json
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import vaekit
from vaekit.presets import NamedPreset, named_preset, named_presets
from vaekit.registry import RUN_KINDS

DOCS = Path(__file__).parent
FOLDER = DOCS / "gallery"
RESULTS, PAGE = FOLDER / "results.json", DOCS / "gallery.md"

# The same for all: short runs, so at a rate above that of papers which train for days.
COMMON = {"epochs": 6, "learning_rate": 1e-3, "seed": 0}
# What shows nothing after these: an adversary outruns nets at that rate, and large batches are few
# steps.
OWN: dict[str, dict[str, Any]] = {
    "vae-gan": {"epochs": 8, "learning_rate": 3e-4},
    "beta-tcvae": {"batch_size": 64},
}
# What is about factors is shown on images that have some.
FACTORS = ("beta-vae", "burgess-vae", "factor-vae", "beta-tcvae", "dip-vae")
# Wide nets narrowed, and what counts steps fitted to few of them.
NARROW: dict[str, dict[str, Any]] = {
    "conv5": {"width": 16},
    "deconv4": {"width": 16},
    "residual": {"width": 8},
    "resnet-map": {"width": 8, "depth": 1},
    "kl-f4": {"width": 8},
    "kl-f8": {"width": 8},
    "vae-gan": {"width": 8},
    "iwae": {"samples": 8},
    "miwae": {"groups": 4, "samples": 4},
    "piwae": {"groups": 4, "samples": 4},
    "ciwae": {"samples": 8},
    "vamp": {"inputs": 100},
    "factor-vae": {"discriminator_layers": 3, "discriminator_units": 256},
    "capacity": {"steps": 500},
    "image-tokenizer": {"width": 8, "start": 1000},
    "rae-gp": {"directions": 1},
}
COLUMNS = {28: 8, 64: 5}  # images in a row of a picture, by their side
GAP = 2  # pixels
GREYS = 16  # of a picture, which keep it small
LARGEST = 15_000  # bytes of a picture
INTRODUCTION = """\
<!-- Written by docs/make_gallery.py from docs/gallery/results.json. -->

# Gallery

Short runs of presets that `vaekit presets` lists; `python docs/make_gallery.py NAME` adds another.
From above, a picture shows held-out images, what comes back of them, and samples: of the prior, or
of what was fitted to the codes; white, where there is neither. The runs are too short for any
paper's figures: they show what a preset does first, and how long that takes.

The same for all, but where a command says otherwise: {typed}. Wide nets are narrower than the
preset's, as each command says. Presets about factors are shown on `shapes`, the others on
`mnist-sample`. The ELBO is that of held-out images in nats, and can be compared where the law of
pixels is the same; PSNR, in dB, is that of reconstructions from draws. CPU s are the seconds of a
core that the whole command takes, on a processor without a GPU, other work beside it.

| preset | images, reconstructions, samples | ELBO | PSNR | CPU s |
|---|---|---|---|---|
"""


def command(preset: NamedPreset) -> list[str]:
    """The words of `vaekit train` for a preset, without where the run goes."""
    data = "shapes" if preset.name in FACTORS else "mnist-sample"
    words = ["vaekit", "train", "--preset", preset.name, "--data", data]
    for name, value in {**COMMON, **OWN.get(preset.name, {})}.items():
        words += [f"--{name.replace('_', '-')}", f"{value:g}"]
    for kind in RUN_KINDS:
        for option, value in NARROW.get(preset.values.get(kind, ""), {}).items():
            words += [f"--{kind}-opt", f"{option}={value}"]
    return words


def trained(preset: NamedPreset, out: Path) -> dict[str, Any]:
    """Train a preset, draw its picture, and give its row."""
    words = command(preset)
    before = cpu_seconds()
    done = subprocess.run(
        [sys.executable, "-m", *words, "--no-figures", "--out", str(out)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = cpu_seconds() - before
    run = vaekit.load(out)
    picture(run).save(FOLDER / f"{preset.name}.png", optimize=True)
    result = run.evaluate()
    reason = re.search(r"There is no elbo, since (.*?)\.\n", done.stdout, re.DOTALL)
    return {
        "command": shlex.join(words),
        "data": run.record.data.used,
        "elbo": round(result["elbo"], 1) if "elbo" in result else None,
        "no_elbo": " ".join(reason[1].split()) if reason else "",
        "psnr": round(result["psnr"], 1),
        "seconds": round(seconds),
    }


def cpu_seconds() -> float:
    """What the commands so far have taken; other work on the machine is none of it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def picture(run: vaekit.Run) -> Image.Image:
    """Three rows: held-out images, what comes back of them, and samples where there are any."""
    columns = COLUMNS[run.image_shape[0]]
    images = run.held_out(limit=columns).images
    scaled = np.asarray(images.pixels, "float32") / 255
    rows = [scaled, run.reconstruct(images)]
    try:
        rows.append(run.sample(columns, seed=1))
    except vaekit.UserError:  # nothing to draw from
        rows.append(np.ones_like(scaled))
    sheet = np.concatenate([tiled(row) for row in rows], axis=0)
    return Image.fromarray(np.rint(255 * np.clip(sheet, 0, 1)).astype("uint8")).quantize(GREYS)


def tiled(images: np.ndarray) -> np.ndarray:
    """Grey images in a row, a white gap around each."""
    framed = np.pad(images[..., 0], ((0, 0), (0, GAP), (0, GAP)), constant_values=1.0)
    return np.concatenate(list(framed), axis=1)


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, in the order of the presets' table."""
    typed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in COMMON.items())
    rows = [line(preset, results[n]) for n, preset in named_presets().items() if n in results]
    return INTRODUCTION.format(typed=typed) + "\n".join([*rows, ""])


def line(preset: NamedPreset, result: Mapping[str, Any]) -> str:
    """One row of the page's table."""
    paper = f"[arXiv:{preset.arxiv}](https://arxiv.org/abs/{preset.arxiv})" if preset.arxiv else ""
    elbo = f"none: {result['no_elbo']}" if result["elbo"] is None else f"{result['elbo']:,}"
    cells = (
        f"**{preset.name}** {paper}<br>{preset.good_for}<br>`{result['command']}`",
        f"![{preset.name}](gallery/{preset.name}.png)",
        elbo,
        str(result["psnr"]),
        str(result["seconds"]),
    )
    return f"| {' | '.join(cells)} |"


def stale() -> list[str]:
    """What isn't as the results say it should be."""
    results = read_results()
    wrong = [] if PAGE.read_text("utf-8") == page(results) else [f"{PAGE.name} is stale"]
    for name, result in results.items():
        path = FOLDER / f"{name}.png"
        if name not in named_presets():
            wrong.append(f"there is no preset {name}")
        elif result["command"] != shlex.join(command(named_presets()[name])):
            wrong.append(f"{name} was run by another command")
        if not path.exists() or path.stat().st_size > LARGEST:
            wrong.append(f"{path.name} lacks, or has more than {LARGEST:,} bytes")
    return wrong


def read_results() -> dict[str, Any]:
    """The rows by the presets' names."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}


def main(names: list[str]) -> int:
    """Train what is named, or everything, and write the page; or check it. Give the exit code."""
    if names == ["--check"]:
        wrong = stale()
        for text in wrong:
            print(f"{text}. Run: python docs/make_gallery.py", file=sys.stderr)
        return int(bool(wrong))
    FOLDER.mkdir(exist_ok=True)
    for preset in [named_preset(name) for name in names or named_presets()]:
        with tempfile.TemporaryDirectory() as folder:
            result = trained(preset, Path(folder, "run"))
        results = {**read_results(), preset.name: result}
        ordered = {name: results[name] for name in named_presets() if name in results}
        RESULTS.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")
        PAGE.write_text(page(ordered), "utf-8")
        print(f"{preset.name}: {result['seconds']} CPU s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
