"""What a reader may do with z where a page has a decoder."""

from __future__ import annotations

from typing import Any

from vaekit.page import float_text
from vaekit.report.code_tables import code_tables
from vaekit.run import Run
from vaekit.types import Images


def walk_data(run: Run, shown: Images) -> dict[str, Any]:
    """What the panel of `walk.html` offers; f32 as in `Contents`.

    - `free`: whether any values are a z, so that they may be moved one by one.
    - `standard_prior`: whether z may be drawn from N(0, I).
    - `codes`: null, or, of L whole numbers at each place, `sizes` (L), `base` (f32, the C values of
      z at a place), `tables` (f32, a row of C for each number of each size in turn) and `codes`
      (f32, those of the shown images): z of a place is `base` and the rows of its numbers, added.
    - `left_out`: a sentence on what can't be moved.
    """
    model, latent = run.model, run.model.latent
    free = latent.support == "real" and latent.code_name is None
    codes, left_out = None, []
    if latent.code_name is not None:
        tables = code_tables(model)
        if tables is None:
            left_out.append(
                "The codes of this latent can't be changed here: no table of them is small enough "
                "for a page, or z isn't a sum of what each looks up."
            )
        else:
            numbers = run.encoded(shown)[latent.code_name]
            codes = {
                "sizes": list(latent.code_sizes),
                "base": float_text(tables.base),
                "tables": float_text(tables.rows),
                "codes": float_text(numbers),
            }
    elif not free:
        left_out.append(
            f"Not any values are a z of this latent, whose support is {latent.support}: they can't "
            "be moved one by one, and nothing lies between images."
        )
    return {
        "free": free,
        "standard_prior": free and model.has_standard_prior,
        "codes": codes,
        "left_out": left_out,
    }
