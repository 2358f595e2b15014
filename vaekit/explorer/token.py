"""Lets in only who knows the secret part of a page's address."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from vaekit.explorer.address import PageAddress
from vaekit.http_server.refusals import error_response


class TokenGuard:
    """Lets an application see only requests that know the token."""

    def __init__(self, app: ASGIApp, address: PageAddress) -> None:
        self._app = app
        self._token = address.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        token = "".join(scope["path"].split("/")[1:2])
        if hmac.compare_digest(token.encode(), self._token):
            await self._app(scope, receive, send)
            return
        refusal = error_response(403, "The address lacks the token that `vaekit explore` printed.")
        await refusal(scope, receive, send)
