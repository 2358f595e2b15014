"""Single flipped bits over all files of a run: each is found, and the file is named."""

from __future__ import annotations

import random

from vaekit.run import verify_run

FLIPS = 1000


def test_every_flipped_bit_is_found_and_named(run_folder):
    assert verify_run(run_folder) == []
    files = sorted(path for path in run_folder.rglob("*") if path.is_file())
    generator = random.Random(0)
    # Each file in turn, so that the small ones count as much as the models.
    for number in range(FLIPS):
        path = files[number % len(files)]
        with path.open("r+b") as file:
            place = generator.randrange(path.stat().st_size)
            flip(file, place, bit := 1 << generator.randrange(8))
            file.flush()
            named = {damage.path for damage in verify_run(run_folder)}
            flip(file, place, bit)
        assert named == {path} or is_led_to(path, named), (path, place, bit, named)
    assert verify_run(run_folder) == []
    print(f"{FLIPS} of {FLIPS} flipped bits over {len(files)} files found and named")


def flip(file, place, bit):
    file.seek(place)
    (byte,) = file.read(1)
    file.seek(place)
    file.write(bytes([byte ^ bit]))


def is_led_to(path, named):
    """A checkpoint's manifest is held by the pointers, too."""
    pointers = {path.parent.parent / name for name in ("latest", "best")}
    return path.name == "manifest.json" and path in named and named - {path} <= pointers
