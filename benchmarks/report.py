"""Tables and plots from the result files in `benchmarks/results/`, for people.

    python benchmarks/report.py           # write results/report.md, results/*.png, the README's
    python benchmarks/report.py --check   # exit code 1 if any of them isn't what the files say

No figure is typed by hand: the README's three rows stand between two markers, and come from here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from report_form import read_shown
from report_plots import draw, source_of
from report_tables import report, summary

from vaekit.atomic import write_text
from vaekit.errors import UserError, VaekitError

ROOT = Path(__file__).parent.parent
START, END = "<!-- bench:start -->", "<!-- bench:end -->"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Change nothing; say what is stale.")
@click.option(
    "--results",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT / "benchmarks" / "results",
    help="Where the result files are. Default: benchmarks/results.",
)
@click.option(
    "--readme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=ROOT / "README.md",
    help="What has the markers. Default: README.md.",
)
def main(check: bool, folder: Path, readme: Path) -> None:
    """Make the report, or check it."""
    try:
        if not _is_current(check, folder, readme):
            raise SystemExit(1)
    except VaekitError as error:
        click.echo(f"report: {error}", err=True)
        raise SystemExit(error.exit_code) from None


def _is_current(check: bool, folder: Path, readme: Path) -> bool:
    """Whether nothing is stale of what the result files make, which is written unless checked."""
    results = {path.stem: read_shown(path) for path in sorted(folder.glob("*.json"))}
    texts = {
        folder / "report.md": report(results),
        readme: _between(_read(readme), summary(results), readme),
    }
    stale = [path for path, text in texts.items() if not _holds(path, text)]
    pictures = {
        path: result
        for name, result in results.items()
        if source_of(path := folder / f"{name}.png") != _source(folder / f"{name}.json")
    }
    # Pictures of another's are none of the report's business.
    orphans = [p for p in sorted(folder.glob("*.png")) if p.stem not in results and source_of(p)]
    if check:
        for path in (*stale, *pictures, *orphans):
            click.echo(f"Stale: {path}. Run python benchmarks/report.py.")
        return not (stale or pictures or orphans)
    for path in stale:
        write_text(path, texts[path])
    for path, result in pictures.items():
        draw(result, path, _source(path.with_suffix(".json")))
    for path in (*stale, *pictures):
        click.echo(f"Written: {path}")
    for path in orphans:
        path.unlink()
        click.echo(f"Removed, since its result is gone: {path}")
    return True


def _source(path: Path) -> str:
    """A fingerprint of a result file, kept in the picture that was drawn from it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _between(text: str, section: str, path: Path) -> str:
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise UserError(f"{path} needs the lines {START} and {END}.")
    return f"{before}{start}\n\n{section}\n\n{end}{after}"


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") == text
    except (OSError, UnicodeDecodeError):  # gone or damaged
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Can't read {path}: {error}.") from None


if __name__ == "__main__":
    main()
