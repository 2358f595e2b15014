"""What every request is held to before anything looks at it, and what every answer says."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vaekit.http_server.address import Address
from vaekit.http_server.refusals import error_response

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # an address may be a secret
    "Cache-Control": "no-store",
}


class Guard:
    """Lets an application see only requests to its own address, and of no other site's page.

    A site elsewhere may let a name of its own lead to 127.0.0.1 (DNS rebinding): then `Host` is
    that name. Or it posts to the address itself: then `Origin` is the site.
    """

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._app = app
        self._names = address.names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await error_response(403, refusal)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> str | None:
        """Why a request is refused, a sentence; None if it isn't."""
        headers = Headers(scope=scope)
        hosts = [host.lower() for host in headers.getlist("host")]
        if len(hosts) != 1 or hosts[0] not in self._names:
            return "Nothing is served under this host name."
        if scope["method"] not in ("GET", "HEAD"):
            # Of what isn't a browser, there may be none.
            for origin in headers.getlist("origin"):
                if origin.lower() not in {f"http://{name}" for name in self._names}:
                    return "Only a page of this server may ask for this."
        return None
