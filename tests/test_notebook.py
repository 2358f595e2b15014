"""A kernel of this environment: what a training and its run look like to who is at a notebook."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

# The environments of other backends have no kernel; the kit's has.
nbformat = pytest.importorskip("nbformat")
NotebookClient = pytest.importorskip("nbclient").NotebookClient

TRAINING = """
import vaekit

run = vaekit.train(
    data="digits", encoder_opt={"width": 4}, decoder_opt={"width": 4}, limit=64, epochs=2,
    batch_size=16, figures=False, out="<b>run"
)
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell shows."""
    cells = [TRAINING, "run", "run.show('curves')", "run.show('walk', count=2, steps=2)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    folder = str(tmp_path_factory.mktemp("notebook"))
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    return [
        [output for output in cell.outputs if output.get("name") != "stderr"]
        for cell in notebook.cells
    ]


def test_training_leaves_one_line_and_its_notes(outputs):
    *notes, left = outputs[0]
    assert {note.output_type for note in notes} == {"stream"}
    said = "".join(note.text for note in notes)
    assert said.startswith("Read digits: 64 images")
    assert "loss, minimised: " in said
    assert "epoch 1/2" not in said
    assert left.output_type == "display_data"
    line = left.data["text/plain"]
    assert re.fullmatch(r"Trained 2 epochs in \d+ s: loss .* nats", line)
    assert re.sub("<[^>]*>", "", left.data["text/html"]).strip() == line


def test_a_run_is_a_table_its_curves_and_its_map(outputs):
    (shown,) = outputs[1]
    assert shown.data["text/plain"].startswith("<Run <b>run: encoder conv5, latent")
    html = shown.data["text/html"]
    assert '<td style="text-align: left">&lt;b&gt;run</td>' in html
    assert "<b>" not in html
    assert "complete, 2 epochs" in html
    address = re.search('src="data:image/png;base64,([^"]*)"', html)
    with Image.open(io.BytesIO(base64.b64decode(address[1]))) as image:
        assert image.width > 2.5 * image.height  # three curves, and a map beside them
    assert "No map" not in html


def test_pictures_and_films_appear_inline(outputs):
    assert base64.b64decode(outputs[2][0].data["image/png"]).startswith(b"\x89PNG")
    assert "data:image/gif;base64," in outputs[3][0].data["text/html"]


def test_a_run_whose_data_are_gone_says_so_and_has_its_curves(run, monkeypatch):
    import vaekit
    from vaekit.errors import DataError

    def gone(*_, **__):
        raise DataError("There is no <b>.")

    again = vaekit.load(run.path)
    monkeypatch.setattr(again, "held_out", gone)
    html = again._repr_html_()
    assert "No map: There is no &lt;b&gt;." in html
    assert "data:image/png;base64," in html
    monkeypatch.undo()
    assert again._repr_html_() is html
