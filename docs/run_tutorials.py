"""Execute the notebooks of docs/tutorials/ and keep what they show: python docs/run_tutorials.py.

Each runs in a kernel of this environment and in a folder of its own, which is thrown away. With
names, only those: python docs/run_tutorials.py first-run
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TUTORIALS = sorted((Path(__file__).parent / "tutorials").glob("*.ipynb"))
_SECONDS = 300  # that a cell may take


def executed(path: Path, folder: str | Path) -> nbformat.NotebookNode:
    """A notebook with what its cells show when they run in `folder`, without logs of libraries.

    Raises `nbclient.exceptions.CellExecutionError` for a cell that fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_log(output)]
    return notebook


def _is_log(output: nbformat.NotebookNode) -> bool:
    """Whether it is what libraries log, which differs from machine to machine."""
    if output.output_type != "stream":
        return False
    return output.name == "stderr" or output.text.startswith("WARNING:tensorflow")


def main(names: list[str]) -> None:
    """Execute those of these names, all if there are none, and write them back."""
    for path in TUTORIALS:
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(path, folder)
        notebook.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
