"""`vaekit explore`: a run's page, with its model behind it."""

from __future__ import annotations

import threading

import click

from vaekit.cli.values import data_option, run_argument


@click.command(short_help="Walk through a run's latent space in a browser.")
@run_argument
@data_option("Where the page's images come from. Default: what the run was trained on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: a free one.")
@click.option(
    "--host",
    metavar="ADDRESS",
    help="An address of this machine to serve on. Any but the loopback interface's own, the "
    "default, lets other machines in, unencrypted.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
def explore(
    run: str, data: str | None, port: int | None, host: str | None, open_page: bool
) -> None:
    """Serve a run's report, where the run decodes what is dragged and encodes what is dropped.

    Only this machine reaches it, by an address with a random token in it. Ctrl-C ends it.
    """
    from vaekit.explorer import LOOPBACK, listen_secretly, require_extra

    require_extra()
    listener, address = listen_secretly(host or LOOPBACK, port)
    with listener:
        from vaekit import api

        loaded = api.load(run)  # chooses the backend, so it comes before what imports Keras
        from vaekit.explorer.explorer import Explorer

        explorer = Explorer(loaded, listener, address, data)
        click.echo(f"{run} is to be explored at {explorer.url}\nCtrl-C ends it.")
        if open_page:
            threading.Thread(target=_open, args=(explorer.url,), daemon=True).start()
        explorer.serve()


def _open(url: str) -> None:
    """Open a page in a browser; one for terminals returns when it ends."""
    import webbrowser

    if not webbrowser.open(url):
        click.echo("vaekit: no browser can be opened here: open the address yourself.", err=True)
