"""What is served: what a run's model makes of images and latents, and what is told of it.

No path of a request is ever opened; what is refused is a sentence in JSON.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import numpy as np
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from vaekit.http_server.bodies import read_body
from vaekit.http_server.busy import MemoryBudget, Share
from vaekit.http_server.model_queue import ModelQueue
from vaekit.http_server.refusals import refusing
from vaekit.run import Run
from vaekit.serving import contents
from vaekit.serving.answers import PNG, accepted, encoded, refuse_long_json, refuse_no_picture
from vaekit.serving.contents import JSON, NPY, unfit_is_422
from vaekit.serving.description import described, page_of
from vaekit.serving.figures import Figures
from vaekit.serving.limits import Limits, json_bytes, row_bytes
from vaekit.serving.run_model import RunModel

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
Answer = Callable[[Request, Share], Coroutine[Any, Any, Response]]

MODEL_PATHS = ("/encode", "/decode", "/reconstruct", "/sample", "/score")
TOLD_PATHS = ("/", "/health", "/metrics", "/openapi.json")
_SHARE = "vaekit.share"  # where a scope has the share of its request
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Answers:
    """The answers to requests; for use in one event loop.

    queue: who waits for the model. budget: what requests under way hold.
    """

    def __init__(self, run: Run, model: RunModel, limits: Limits, figures: Figures) -> None:
        self._run, self._model, self._limits, self._figures = run, model, limits, figures
        self._values = max(math.prod(run.image_shape), run.latent_dim)
        self.budget = MemoryBudget(limits.memory)
        self.queue = ModelQueue(
            "vaekit-model",
            most=limits.max_batch,
            most_waiting=limits.queue,
            most_calls=limits.queue,
            gather=limits.wait_ms / 1000,
            seconds=limits.timeout,
            done=figures.called,
        )
        # Bodies are read, and answers written, one at a time: an image may take much to decode.
        self._reader = ThreadPoolExecutor(1, "vaekit-reader")
        self._description = described(run, model, limits)
        self._page = page_of(self._description)
        figures.watch("vaekit_waiting_rows", "Rows that wait.", lambda: self.queue.waiting_rows)
        figures.watch(
            "vaekit_held_bytes", "Bytes of requests under way.", lambda: self.budget.taken
        )

    def close(self) -> None:
        """Start nothing further."""
        self.queue.close()
        self._reader.shutdown(wait=False, cancel_futures=True)

    async def encode(self, request: Request, share: Share) -> Response:
        """What the latent tells of images."""
        media = accepted(request.headers.get("accept", ""), (JSON, NPY))
        array = _chosen(request, self._model.encoded_names, self._model.point)
        images, labels = await self._images(request, share, {"labels", "array"})
        columns = await self.queue.joined(self._model.encode, images, labels)
        return await self._answer(share, columns, media, array)

    async def reconstruct(self, request: Request, share: Share) -> Response:
        """Images decoded from the z of images."""
        media = accepted(request.headers.get("accept", ""), (NPY, PNG, JSON))
        images, labels = await self._images(request, share, {"labels"})
        self._refuse_form(media, len(images))
        columns = await self.queue.joined(self._model.reconstruct, images, labels)
        return await self._answer(share, columns, media, "images")

    async def score(self, request: Request, share: Share) -> Response:
        """How well the run knows images: `Run.score` of those of one request."""
        media = accepted(request.headers.get("accept", ""), (JSON, NPY))
        names = self._model.score_names
        array = _chosen(request, names, "elbo" if "elbo" in names else "loss")
        images, labels = await self._images(request, share, {"labels", "array"})
        columns = await self.queue.call(self._model.score, images, labels)
        return await self._answer(share, columns, media, array)

    async def decode(self, request: Request, share: Share) -> Response:
        """Images of latents or codes."""
        media = accepted(request.headers.get("accept", ""), (NPY, PNG, JSON))
        _refuse_unknown(request, {"labels"})
        labels = contents.read_labels(self._run, request.query_params.get("labels"))
        body, kind = await self._body(request, share)
        latents = await self._read(
            contents.read_latents, self._run, body, kind, self._limits.max_rows
        )
        if labels is not None and latents.labels is not None:
            raise HTTPException(422, "The labels are in the address and in the JSON: give one.")
        values = latents.values
        self._take_rows(share, len(values))
        self._refuse_form(media, len(values))
        classes = contents.classes(
            self._run, latents.labels if labels is None else labels, len(values)
        )
        with unfit_is_422():  # numbers that are no codes
            columns = await self.queue.joined(self._model.decode, values, classes)
        return await self._answer(share, columns, media, "images")

    async def sample(self, request: Request, share: Share) -> Response:
        """Images decoded from drawn z."""
        media = accepted(request.headers.get("accept", ""), (NPY, PNG, JSON))
        _refuse_unknown(request, set())
        body, kind = await self._body(request, share)
        asked = contents.read_sample(body, kind)
        contents.refuse_rows(asked.count, self._limits.max_rows)
        self._take_rows(share, asked.count)
        self._refuse_form(media, asked.count)
        labels: Any = asked.labels
        if labels is None and self._run.model.condition is not None:
            labels = np.arange(asked.count) % self._run.model.condition.classes
        classes = contents.classes(self._run, labels, asked.count)
        with unfit_is_422():
            z = await self.queue.call(self._model.draw, asked, classes)
        columns = await self.queue.joined(self._model.decode, z, classes)
        return await self._answer(share, columns, media, "images")

    async def page(self, request: Request) -> Response:
        """What is served, for people."""
        return HTMLResponse(self._page, headers={"Content-Security-Policy": _PAGE_POLICY})

    async def description(self, request: Request) -> Response:
        """What is served, for programs: OpenAPI 3.1."""
        return JSONResponse(self._description)

    async def health(self, request: Request) -> Response:
        """Whether it answers, and what waits."""
        return JSONResponse(
            {
                "status": "ok",
                "run": self._run.path.name,
                "waiting_rows": self.queue.waiting_rows,
                "held_bytes": self.budget.taken,
            }
        )

    async def metrics(self, request: Request) -> Response:
        """The figures of this service."""
        return Response(self._figures.text(), media_type=CONTENT_TYPE_LATEST)

    def app(self) -> ASGIApp:
        """The application of these answers; each request holds a share until it is answered."""
        told = (self.page, self.health, self.metrics, self.description)
        made = (self.encode, self.decode, self.reconstruct, self.sample, self.score)
        routes: list[BaseRoute] = [
            *(
                Route(path, endpoint, methods=["GET"])
                for path, endpoint in zip(TOLD_PATHS, told, strict=True)
            ),
            *(
                Route(path, _with_share(answer), methods=["POST"])
                for path, answer in zip(MODEL_PATHS, made, strict=True)
            ),
        ]
        return self._holding(refusing(routes))

    def _holding(self, app: ASGIApp) -> ASGIApp:
        async def hold(scope: Any, receive: Any, send: Any) -> None:
            with self.budget.share() as share:
                await app({**scope, _SHARE: share}, receive, send)

        return hold

    async def _images(
        self, request: Request, share: Share, options: set[str]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The images of a body in [0, 1], float32, and the class of each."""
        _refuse_unknown(request, options)
        labels = contents.read_labels(self._run, request.query_params.get("labels"))
        body, kind = await self._body(request, share)
        images = await self._read(
            contents.read_images, self._run, body, kind, self._limits.max_rows
        )
        self._take_rows(share, len(images))
        return images, contents.classes(self._run, labels, len(images))

    async def _body(self, request: Request, share: Share) -> tuple[bytes, str]:
        limits = self._limits
        body = await read_body(request, limits.max_body, share, seconds=limits.body_timeout)
        return body, request.headers.get("content-type", "")

    async def _read(
        self,
        function: Callable[_Parameters, _Result],
        *args: _Parameters.args,
        **kwargs: _Parameters.kwargs,
    ) -> _Result:
        """The result of a function that needs no model, in the thread that reads."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._limits.timeout):
            return await loop.run_in_executor(self._reader, lambda: function(*args, **kwargs))

    def _take_rows(self, share: Share, rows: int) -> None:
        share.take(rows * row_bytes(self._values))

    def _refuse_form(self, media: str, rows: int) -> None:
        """Raise `HTTPException` 406 where so many images can't be answered so."""
        if media == JSON:
            refuse_long_json(rows * math.prod(self._run.image_shape))
        if media == PNG:
            refuse_no_picture(rows, *self._run.image_shape)

    async def _answer(
        self, share: Share, columns: Mapping[str, np.ndarray], media: str, array: str
    ) -> Response:
        if media == JSON:
            numbers = sum(values.size for values in columns.values())
            refuse_long_json(numbers)
            share.take(json_bytes(numbers))
        return Response(await self._read(encoded, columns, media, array), media_type=media)


def _with_share(answer: Answer) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """An answer that holds a share of the memory until it is sent."""

    async def within(request: Request) -> Response:
        return await answer(request, request.scope[_SHARE])

    return within


def _chosen(request: Request, names: tuple[str, ...], usual: str) -> str:
    """Which of the arrays a request wants as .npy. Raises `HTTPException` 422 for none of them."""
    array = request.query_params.get("array", usual)
    if array not in names:
        raise HTTPException(422, f"array={array[:40]!r} is none of {', '.join(names)}.")
    return array


def _refuse_unknown(request: Request, options: set[str]) -> None:
    """Raise `HTTPException` 400 for what an address says and nobody reads."""
    for name in request.query_params:
        if name not in options:
            there_are = ", ".join(sorted(options)) or "none"
            raise HTTPException(
                400, f"The address has {name[:40]!r}; of options there is: {there_are}."
            )
