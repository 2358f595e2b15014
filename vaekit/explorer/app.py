"""What is served: the run's page, and what its model makes of latents and images.

No path of a request is ever opened: what lies under the token is this list. Numbers travel as
little-endian float32, and as base64 of it in JSON; what is refused is a sentence in JSON.
"""

from __future__ import annotations

import base64
import math
import re

import numpy as np
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from vaekit.errors import DataError
from vaekit.explorer.address import PageAddress
from vaekit.explorer.bodies import read_image, read_latents
from vaekit.explorer.dropped import MOST_BYTES, take_file
from vaekit.explorer.run_queue import RunQueue
from vaekit.explorer.token import TokenGuard
from vaekit.http_server.bodies import read_body
from vaekit.http_server.guard import Guard
from vaekit.http_server.paced import Paced
from vaekit.http_server.refusals import refusing
from vaekit.run import Run
from vaekit.types import Images

_REQUESTS = 512  # at the same time
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')


class Answers:
    """The answers to requests, each by the run and its queue."""

    def __init__(self, run: Run, queue: RunQueue, page: str) -> None:
        self._run = run
        self._queue = queue
        self._page = page
        # What the page says of itself holds for its answer too.
        self._policy = {"Content-Security-Policy": _POLICY.findall(page)[0]}

    async def page(self, request: Request) -> Response:
        """The run's page."""
        return HTMLResponse(self._page, headers=self._policy)

    async def decode(self, request: Request) -> Response:
        """Latents, flat and one after the other, as images; see `read_latents`."""
        run, condition = self._run, self._run.model.condition
        labelled = condition is not None
        body = await read_body(request, 4 * (run.latent_dim + labelled) * self._queue.most)
        z, labels = read_latents(body, run.latent_dim, labelled=labelled)
        classes = None if condition is None else condition.checked(labels)
        images = await self._queue.decode(z.reshape(-1, *run.latent_shape), classes)
        return _floats_response(images)

    async def encode(self, request: Request) -> Response:
        """An image in [0, 1] as the z that stands for it, flat."""
        shape, label = self._run.image_shape, self._label(request)
        image = read_image(await read_body(request, 4 * math.prod(shape)), shape)
        z = await self._queue.call(self._run.latents, Images(image), label)
        return _floats_response(z)

    async def file(self, request: Request) -> Response:
        """The content of an image file as z, what the run sees of it, and what it makes of it."""
        label = self._label(request)
        content = await read_body(request, MOST_BYTES)
        dropped = await self._queue.call(take_file, self._run, content, label)
        arrays = dropped._asdict()
        note = arrays.pop("note")
        texts = {name: _text(array) for name, array in arrays.items() if array is not None}
        return JSONResponse({"note": note, **texts})

    def _label(self, request: Request) -> np.ndarray | None:
        """The class of the image of a request, `(1,)`; None in a run without a condition."""
        condition, text = self._run.model.condition, request.query_params.get("label", "")
        if condition is None:
            return None
        if not re.fullmatch("[0-9]{1,9}", text):
            raise DataError(
                "The run goes by the class of an image: the address needs ?label=N, from 0 to "
                f"{condition.classes - 1}."
            )
        return condition.checked(np.array([int(text)]))


def build_app(run: Run, queue: RunQueue, page: str, address: PageAddress) -> ASGIApp:
    """The application that serves a run's page under an address."""
    answers, start = Answers(run, queue, page), address.path
    routes: list[BaseRoute] = [
        Route(start, answers.page, methods=["GET"]),
        Route(f"{start}decode", answers.decode, methods=["POST"]),
        Route(f"{start}encode", answers.encode, methods=["POST"]),
        Route(f"{start}file", answers.file, methods=["POST"]),
    ]
    app = TokenGuard(refusing(routes), address)
    return Guard(Paced(app, _REQUESTS), address.server)


def _floats_response(values: np.ndarray) -> Response:
    return Response(values.astype("<f4").tobytes(), media_type="application/octet-stream")


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
