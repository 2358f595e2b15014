"""How long until the test total is what the repaired tutorial reaches after its 20 epochs.

    python benchmarks/time_to_quality.py FOLDER --seeds 0,1,2 --out quality.json -- --recipe fast

FOLDER holds MNIST as IDX files; what follows `--` goes to `vaekit train`, which takes its epochs
from there or from its recipe. Time is the wall's, from the start of a process to the end of an
epoch with its validation, so start-up and compiling count. For the kit they are told apart as well:
whatever is compiled is first called in the first epoch, and else all epochs do the same work, so
what the first takes, from the start of the process, beyond the median of the others.
The total is 1000 x mean squared error, with one sample of z, plus the KL, over the test images.

The tutorial takes most of an hour a seed on two cores. With `--pace 3` it trains 3 epochs beside
each of the kit's runs, and its whole time is told from them: the first, and 19 times the median of
the others, which all do the same work. What is to be reached is then what an earlier result says::

    python benchmarks/time_to_quality.py FOLDER --pace 3 \
        --earlier benchmarks/results/time_to_quality.json --out paced.json -- --recipe fast

Every finished run is added to the result file at once; runs that are there already are not done
again, so the command can be cut and repeated.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from vaekit.benchmark.results import (
    Result,
    commit,
    heading,
    measurement,
    read_result,
    refuse_unwritable,
    write_result,
)
from vaekit.errors import UserError, VaekitError, why_ended

HERE = Path(__file__).parent
EPOCHS = 20  # the tutorial's

Curve = list[dict[str, float]]

_DEVICE = """
import json, sys
from vaekit.startup import select_backend
select_backend(sys.argv[1])
from vaekit.benchmark.device import device_model
print(json.dumps(device_model()))
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option(
    "--epochs", type=click.IntRange(1), default=EPOCHS, show_default=True, help="The tutorial's."
)
@click.option("--pace", type=click.IntRange(2), help="Of the tutorial, train only N epochs.")
@click.option(
    "--earlier",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --pace: the result that has the tutorial's whole trainings.",
)
@click.option("--limit", type=click.IntRange(1), help="Use only the first N images, to try it out.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON to add to.")
def main(
    folder: Path,
    options: tuple[str, ...],
    seeds: str,
    epochs: int,
    pace: int | None,
    earlier: Path | None,
    limit: int | None,
    out: Path,
) -> None:
    """Train the tutorial and the kit with OPTIONS, and note when each was how good."""
    try:
        settings: dict[str, Any] = {"epochs": epochs, "limit": limit}
        if (pace is None) != (earlier is None):
            raise UserError("--pace and --earlier are asked for together.")
        if pace is not None and earlier is not None:
            settings.update(pace=min(pace, epochs), target=_target(earlier, settings))
        numbers = _seeds(seeds)
        refuse_unwritable(out)
        result = read_result(out) if out.exists() else _new(settings)
        if result["kind"] != "time_to_quality" or "runs" not in result:
            raise UserError(f"{out} is the result of another benchmark: choose another --out.")
        if result.get("settings") != settings:
            raise UserError(f"{out} holds runs of other settings: choose another --out.")
        for seed in numbers:
            for who, own_options in (("tutorial", ()), ("vaekit", options)):
                if _is_done(result, who, seed, own_options):
                    continue
                if who == "tutorial":
                    many = str(settings.get("pace", epochs))
                    curve = _tutorial(folder, ["--epochs", many, *_shared(seed, limit)])
                else:
                    job = [*_shared(seed, limit), *own_options]
                    curve, environment = kit_curve(folder, job)
                    result.update(environment)
                run = {"who": who, "seed": seed, "options": list(own_options)}
                result["runs"].append({**run, "commit": commit(), "curve": curve})
                result["measurements"] = reached(result["runs"], settings)
                write_result(result, out)
                click.echo(
                    f"{who} {' '.join(own_options)} seed {seed}: {curve[-1]['total']:.2f} after "
                    f"{curve[-1]['seconds']:.0f} s"
                )
    except VaekitError as error:
        click.echo(f"time_to_quality: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    for row in result["measurements"]:
        click.echo(f"{row['what']}: {row['median']:.2f} {row['unit']}")


def reached(runs: list[dict[str, Any]], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """What the runs show together, for each set of options.

    The quality to reach is the mean of the tutorial's totals after its last epoch, of these runs or
    where they are paced, of the earlier ones. Times are those
    of the seeds that reach it; where some don't, a row says how many do. The share of the
    tutorial's time is taken over the seeds that both have.
    """
    tutorial = {run["seed"]: run["curve"] for run in runs if run["who"] == "tutorial"}
    if not tutorial:
        return []
    epochs, paced = settings["epochs"], "pace" in settings
    whole = {seed: whole_time(curve, epochs) for seed, curve in tutorial.items()}
    after = f" of {epochs} epochs, told from {settings['pace']}" if paced else ""
    wholes = [*whole.values()]
    rows = [measurement(f"tutorial, whole time{after}", "s", wholes, better="lower")]
    if paced:
        target = settings["target"]
    else:
        totals = [curve[-1]["total"] for curve in tutorial.values()]
        target = statistics.mean(totals)
        rows.append(measurement("tutorial, last total", "", totals, better="lower"))
    kinds = {tuple(run["options"]) for run in runs if run["who"] == "vaekit"}
    for options in sorted(kinds):
        name = " ".join(("vaekit", *options))
        curves = {
            run["seed"]: run["curve"]
            for run in runs
            if run["who"] == "vaekit" and tuple(run["options"]) == options
        }
        totals = [curve[-1]["total"] for curve in curves.values()]
        rows.append(
            measurement(f"{name}, last total", "", totals, better="lower", seeds=list(curves))
        )
        times = {seed: _first(curve, target) for seed, curve in curves.items()}
        times = {seed: at for seed, at in times.items() if at is not None}
        if len(times) < len(curves):
            what = f"{name}, seeds that reach the tutorial's quality, of {len(curves)}"
            rows.append(measurement(what, "", [len(times)], seeds=list(times)))
        if not times:
            continue
        until = f"{name}, until the tutorial's quality"
        of = {"better": "lower", "seeds": list(times), "target": target}
        rows.append(measurement(until, "s", list(times.values()), **of))
        waits = [_before_steps(curves[seed]) for seed in times]
        # On a machine that does other work as well, epochs may differ by more than that.
        if all(wait is not None and wait > 0 for wait in waits):
            rest = [at - wait for at, wait in zip(times.values(), waits, strict=True)]
            rows.append(measurement(f"{name}, start-up and compiling in it", "s", waits, **of))
            rows.append(measurement(f"{until}, after start-up and compiling", "s", rest, **of))
        shares = [times[seed] / whole[seed] for seed in times if seed in whole]
        if shares:
            what = f"{name}, share of the tutorial's time"
            rows.append(measurement(what, "", shares, better="lower"))
    return rows


def whole_time(curve: Curve, epochs: int) -> float:
    """Seconds of so many epochs; where there are fewer, all others take what their median took."""
    ends = [point["seconds"] for point in curve]
    if len(ends) >= epochs:
        return ends[epochs - 1]
    each = statistics.median(end - before for before, end in itertools.pairwise(ends))
    return ends[-1] + (epochs - len(ends)) * each


def _target(earlier: Path, settings: dict[str, Any]) -> float:
    """What the tutorial reached in an earlier result, of the same settings."""
    result = read_result(earlier)
    rows = {row["what"]: row["values"] for row in result.get("measurements", [])}
    if result["kind"] != "time_to_quality" or "tutorial, last total" not in rows:
        raise UserError(f"{earlier} has no whole training of the tutorial.")
    if any(result["settings"][name] != value for name, value in settings.items()):
        raise UserError(f"{earlier} holds runs of other --epochs or --limit.")
    return statistics.mean(rows["tutorial, last total"])


def _first(curve: Curve, target: float) -> float | None:
    return next((point["seconds"] for point in curve if point["total"] <= target), None)


def _before_steps(curve: Curve) -> float | None:
    """What the first epoch took beyond the median of the others; None if there are no others."""
    ends = [point["seconds"] for point in curve]
    later = [end - before for before, end in itertools.pairwise(ends)]
    return ends[0] - statistics.median(later) if later else None


def _is_done(result: Result, who: str, seed: int, options: tuple[str, ...]) -> bool:
    job = {"who": who, "seed": seed, "options": list(options)}
    return any(job.items() <= run.items() for run in result["runs"])


def _new(settings: dict[str, Any]) -> Result:
    return {
        **heading("time_to_quality"),
        "settings": settings,
        "runs": [],
        "measurements": [],
    }


def _tutorial(folder: Path, options: list[str]) -> Curve:
    seconds, last = _watched([str(HERE / "repaired_tutorial.py"), str(folder), *options])
    return _curve(seconds, json.loads(last)["history"]["val_loss"])


def kit_curve(folder: Path, options: list[str]) -> tuple[Curve, dict[str, Any]]:
    """The curve, and what the run says of backend, versions and machine."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "run"
        job = ["-m", "vaekit", "train", "--data", str(folder), "--out", str(out)]
        seconds, _ = _watched([*job, *options])
        with (out / "history.csv").open(newline="") as file:
            totals = [float(row["val_loss"]) for row in csv.DictReader(file)]
        record = json.loads((out / "run.json").read_text())
    environment = {name: record[name] for name in ("backend", "versions", "machine")}
    return _curve(seconds, totals), {**environment, "device_model": _device_model(record)}


def _device_model(record: dict[str, Any]) -> str | None:
    """What the maker calls the device of a run, asked of a process that leaves it alone again.

    None on a processor. None, too, where the device doesn't tell: the run is not lost for that.
    """
    if all(name.startswith("cpu") for name in record["machine"]["devices"]):
        return None
    command = [sys.executable, "-c", _DEVICE, record["backend"]]
    done = subprocess.run(command, capture_output=True, text=True)
    return None if done.returncode else json.loads(done.stdout.splitlines()[-1])


def _seeds(text: str) -> list[int]:
    if not all(re.fullmatch("[0-9]{1,9}", seed) for seed in text.split(",")):
        raise UserError(f"--seeds takes numbers like 0,1,2, not {text!r}.")
    return list(dict.fromkeys(map(int, text.split(","))))


def _shared(seed: int, limit: int | None) -> list[str]:
    """Options of both; the caller's come after them, and click takes the last of two."""
    return ["--seed", str(seed), *([] if limit is None else ["--limit", str(limit)])]


def _curve(seconds: list[float], totals: list[float]) -> Curve:
    pairs = zip(seconds, totals, strict=True)
    return [{"seconds": round(at, 3), "total": round(total, 4)} for at, total in pairs]


def _watched(command: list[str]) -> tuple[list[float], str]:
    """Seconds from the start to each line that begins with `epoch`, and the last line."""
    began = time.perf_counter()
    seconds, line = [], ""
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        for line in process.stdout:
            if line.startswith("epoch "):
                seconds.append(time.perf_counter() - began)
        if process.wait():
            stderr.seek(0)
            reason = why_ended(process.returncode, stderr.read())
            raise VaekitError(f"{' '.join(command[:3])} failed: {reason}")
    return seconds, line


if __name__ == "__main__":
    main()
