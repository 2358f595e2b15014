"""`vaekit prove`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import click

_WIDEST = 200  # characters of a line's end; the certificate has all of it


@click.command(short_help="Hold what is installed here to mathematics, and certify it.")
@click.option(
    "--backends",
    metavar="NAME,...",
    help="Keras's backends to try. Default: all that are installed.",
)
@click.option("--quick", is_flag=True, help="Leave out what takes minutes.")
@click.option(
    "--conformance",
    is_flag=True,
    help="Also run every conformance check of every part: some minutes more a backend.",
)
@click.option(
    "--published",
    metavar="ROW,...",
    help="Also train these rows of published figures, by the whole of their papers' schedules: "
    "from minutes to days each. docs/prove.md lists them.",
)
@click.option(
    "--data", metavar="SOURCE", help="Their images. Default: the registered data set of each row."
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("proof"),
    show_default=True,
    help="Where the certificate goes: certificate.json and certificate.html.",
)
def prove(
    backends: str | None,
    quick: bool,
    conformance: bool,
    published: str | None,
    data: str | None,
    out: Path,
) -> None:
    """Try what is known to be so: closed forms, integrals, finite differences, linear VAEs.

    Laws, likelihoods, losses and steps are held to their formulas; every registered part to what
    any of its kind must satisfy; and linear VAEs are trained, whose best is known by
    eigendecomposition: ELBO, likelihood, and which latents die. Each backend has a process of its
    own. The certificate says what was left out, and docs/prove.md what each check rests on.

    Ends with code 1 if something doesn't hold.
    """
    from vaekit.plugins import discover
    from vaekit.proof.backends import findings_on, installed_backends, refuse_missing
    from vaekit.proof.certificate import certificate, write_certificate
    from vaekit.proof.extent import Extent
    from vaekit.proof.published.rows import chosen_rows

    rows = () if published is None else tuple(published.split(","))
    chosen_rows(rows)
    without = tuple(sorted(discover().registry.left_out))
    extent = Extent(quick, conformance, without, rows, data)
    names = installed_backends() if backends is None else tuple(backends.split(","))
    refuse_missing(names)
    environments: dict[str, Any] = {}
    findings: list[dict[str, Any]] = []
    for backend in dict.fromkeys(names):
        here = extent._replace(runs=str(out / "published" / backend))
        for message in findings_on(backend, here):
            if "environment" in message:
                environments[backend] = message["environment"]
                continue
            findings.append(message)
            click.echo(_line(message))
    proof = certificate(environments, findings, extent)
    written = write_certificate(out, proof)
    for sentence in proof["left_out"]:
        click.echo(f"Left out: {sentence}.")
    counts = ", ".join(f"{count} {status}" for status, count in proof["counts"].items())
    click.echo(f"{counts}. Written: {' and '.join(map(str, written))}.")
    if not proof["proved"]:
        raise SystemExit(1)


def _line(finding: dict[str, Any]) -> str:
    title = f"{finding['area']}: {finding['name']}"
    line = f"{finding['backend']:<11}{finding['status']:<8}{title:<58}{finding['seconds']:7.2f} s"
    if finding["status"] == "failed":
        wanted = f"{finding['expected']}, got " if finding["expected"] else ""
        line += "  " + textwrap.shorten(f"{wanted}{finding['got']}", _WIDEST, placeholder=" ...")
    return line
