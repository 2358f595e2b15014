"""What a service answers, as OpenAPI has it, and as a page for people."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from typing import Any

from vaekit.page import render
from vaekit.run import Run
from vaekit.serving.answers import PNG
from vaekit.serving.contents import IMAGE, JSON, NPY, SampleRequest
from vaekit.serving.limits import Limits
from vaekit.serving.run_model import RunModel

_BINARY: Mapping[str, Any] = {"type": "string", "format": "binary"}
_REFUSALS = {
    "400": "What was sent can't be read.",
    "403": "Another host's name, or another site's page.",
    "406": "The answer isn't had in any form that is accepted.",
    "408": "The body took too long to come.",
    "413": "More than one request may carry.",
    "415": "A type of body that isn't taken.",
    "422": "It can be read, and isn't anything for this run.",
    "500": "The model failed; the server's terminal says how.",
    "503": "Too much is under way: come again after Retry-After seconds.",
    "504": "The model took too long.",
}


def described(run: Run, model: RunModel, limits: Limits) -> dict[str, Any]:
    """The description of a run's service, OpenAPI 3.1."""
    shape = "x".join(map(str, run.image_shape))
    images = (
        f"Images of {shape}: .npy of the shape (N, {', '.join(map(str, run.image_shape))}), N up "
        f"to {limits.max_rows}, scaled as the run's own; or an image file."
    )
    latent = f"(N, {', '.join(map(str, run.latent_shape))})"
    z = f"Latents: .npy of the shape {latent}, or JSON of z as rows of numbers."
    if run.code_shape is not None:
        codes = f"(N, {', '.join(map(str, run.code_shape))})"
        z += f" Whole numbers of the shape {codes}, in JSON as codes, are codes."
    fields = ["z"]
    fields += ["codes"] if run.code_shape is not None else []
    fields += ["labels"] if run.takes_labels else []
    parts = ", ".join(f"{kind} {part.name}" for kind, part in run.record.parts.items())
    taken, pictures = {NPY: _BINARY, IMAGE: _BINARY}, (NPY, PNG, JSON)
    labels = [_labels(run)] if run.takes_labels else []
    latents = {
        NPY: _BINARY,
        JSON: {
            "type": "object",
            "properties": {name: {"type": "array"} for name in fields},
        },
    }

    def array(names: Sequence[str]) -> dict[str, Any]:
        return _option("array", "Which array an answer as .npy is.", {"enum": [*names]})

    return {
        "openapi": "3.1.0",
        "info": {
            # Its name alone: where it lies is nobody's business who asks over HTTP.
            "title": run.path.name,
            "version": importlib.metadata.version("vaekit"),
            "description": f"A trained VAE, by vaekit serve: {parts}.",
        },
        "paths": {
            "/encode": _post(
                "What the latent tells of images.",
                _body(images, taken),
                [*labels, array(model.encoded_names)],
                _answer("By name: " + ", ".join(model.encoded_names) + ".", (JSON, NPY)),
            ),
            "/decode": _post(
                "Images of latents.", _body(z, latents), labels, _answer("Images.", pictures)
            ),
            "/reconstruct": _post(
                "Images decoded from the z of images.",
                _body(images, taken),
                labels,
                _answer("Images.", pictures),
            ),
            "/sample": _post(
                "Images decoded from drawn z.",
                _body("What to draw.", {JSON: SampleRequest.model_json_schema()}, required=False),
                [],
                _answer("Images.", pictures),
            ),
            "/score": _post(
                "How well the run knows each image: losses, elbo and kl in nats, mse, psnr in dB.",
                _body(images, taken),
                [*labels, array(model.score_names)],
                _answer("By name: " + ", ".join(model.score_names) + ".", (JSON, NPY)),
            ),
            "/health": _get("Whether it answers.", JSON),
            "/metrics": _get("Counts and times, for Prometheus.", "text/plain"),
            "/openapi.json": _get("This description.", JSON),
        },
    }


def page_of(description: Mapping[str, Any]) -> str:
    """The page of a description: whole in itself, without scripts."""
    return render(
        ["vaekit.serving"],
        "service.html",
        data=None,
        description=description,
        text=lambda value: json.dumps(value, indent=2),
    )


def _labels(run: Run) -> dict[str, Any]:
    assert run.model.condition is not None
    last = run.model.condition.classes - 1
    what = f"The class of each image, from 0 to {last}: 3, or 3,1,4."
    return {**_option("labels", what, {"type": "string"}), "required": True}


def _option(name: str, what: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": what, "schema": schema}


def _body(
    what: str, schemas: Mapping[str, Mapping[str, Any]], *, required: bool = True
) -> dict[str, Any]:
    content = {media: {"schema": schema} for media, schema in schemas.items()}
    return {"description": what, "required": required, "content": content}


def _answer(what: str, media: Sequence[str]) -> dict[str, Any]:
    schemas = {m: {"schema": {"type": "object"} if m == JSON else _BINARY} for m in media}
    return {"description": what, "content": schemas}


def _post(
    summary: str,
    body: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]],
    answer: Mapping[str, Any],
) -> dict[str, Any]:
    error = {
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    }
    refusals = {
        status: {"description": what, "content": {JSON: {"schema": error}}}
        for status, what in _REFUSALS.items()
    }
    return {
        "post": {
            "summary": summary,
            "parameters": [*parameters],
            "requestBody": body,
            "responses": {"200": answer, **refusals},
        }
    }


def _get(summary: str, media: str) -> dict[str, Any]:
    answer = {"description": summary, "content": {media: {}}}
    return {"get": {"summary": summary, "responses": {"200": answer}}}
