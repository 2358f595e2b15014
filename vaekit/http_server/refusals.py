"""What is answered where nothing else can be: a sentence in JSON, and nothing of a traceback."""

from __future__ import annotations

import logging
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from vaekit.errors import UserError
from vaekit.http_server.busy import BusyError

_log = logging.getLogger(__name__)


def error_response(status: int, sentence: str, headers: Any = None) -> JSONResponse:
    """A sentence for whoever asked, as `{"error": sentence}`."""
    return JSONResponse({"error": sentence}, status, headers)


def refusing(routes: list[BaseRoute]) -> Starlette:
    """An application of these routes, whose every failure is such an answer.

    400 for a `UserError`, 503 for a `BusyError`, 504 for a `TimeoutError`; what is none of them is
    logged, and answered 500.
    """
    answers: dict[Any, Any] = {
        HTTPException: _refused,
        ClientDisconnect: _gone,
        UserError: _mistaken,
        BusyError: _busy,
        TimeoutError: _late,
        Exception: _failed,
    }
    app = Starlette(routes=routes, exception_handlers=answers)
    app.router.redirect_slashes = False
    return app


def _refused(request: Request, error: HTTPException) -> Response:
    return error_response(error.status_code, f"{error.detail.rstrip('.')}.", error.headers)


def _gone(request: Request, error: ClientDisconnect) -> Response:
    return error_response(400, "The connection ended before everything was sent.")


def _mistaken(request: Request, error: UserError) -> Response:
    return error_response(400, str(error))


def _busy(request: Request, error: BusyError) -> Response:
    return error_response(503, str(error), {"Retry-After": "1"})


def _late(request: Request, error: TimeoutError) -> Response:
    return error_response(504, "The model takes too long, or too many wait for it.")


def _failed(request: Request, error: Exception) -> Response:
    _log.error("A request couldn't be answered.", exc_info=error)
    return error_response(500, "The model failed on this; the terminal says how.")
