"""Hostile and mistaken requests, each refused with its code and a sentence."""

from __future__ import annotations

import json
import pickle
import zlib

import numpy as np
import pytest

from tests.serving.asking import JSON, NPY, npy, npy_of, picture
from tests.untrusted.every_case import CASES

ONE = np.full((1, 8, 8, 1), 0.5, "f4")
PICTURES = [name for name in CASES if name.startswith("png-")]


class Evil:
    """What a pickle of it would do when it is opened."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('opened a pickle')",))


def npy_pickle() -> bytes:
    return npy(np.array([Evil()] * 2, object))


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 pixels, in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return len(data).to_bytes(4, "big") + kind + data + crc.to_bytes(4, "big")

    side = (30_000).to_bytes(4, "big")
    header = side + side + bytes([8, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(2**22)))
    )


GREY = picture(np.zeros((8, 8), "u1"))
HOSTILE = {
    # no image, and no array
    "empty": (b"", 400, "Nothing was sent"),
    "text": (b"hello", 400, "none of the formats"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF\n", 400, "none of the formats"),
    "pickle": (pickle.dumps(Evil()), 400, "none of the formats"),
    "zip": (b"PK\x03\x04" + bytes(100), 400, "none of the formats"),
    "truncated-png": (GREY[: len(GREY) // 2], 400, "can't be read as an image"),
    "png-head-alone": (GREY[:8], 400, "can't be read as an image"),
    "decompression-bomb": (bomb(), 400, "decompression bomb"),
    "many-pixels": (picture(np.zeros((4097, 4096), "u1")), 400, "16777216 pixels"),
    "npy-of-a-pickle": (npy_pickle(), 400, "pickle of Python objects"),
    "npy-huge": (npy_of("(999999999, 8, 8, 1)"), 400, "declares the shape"),
    "npy-huger": (npy_of("(99999999999999999999, 99999999999, 8)"), 400, "declares the shape"),
    "npy-negative": (npy_of("(-1, -8, 8, 1)"), 400, "declares the shape"),
    "npy-code": (npy_of("(exit(0), 8, 8)"), 400, "can't be read"),
    "npy-long-header": (npy_of("(" + "1, " * 20_000 + ")"), 400, "can't be read"),
    "npy-truncated": (npy(ONE)[:-9], 400, "declares the shape"),
    "npy-with-more": (npy(ONE) + b"more", 400, "declares the shape"),
    "npy-head-alone": (b"\x93NUMPY", 400, "can't be read"),
    "npy-version": (b"\x93NUMPY\x09\x00" + bytes(100), 400, "version"),
    # an array, and no images of this run
    "none-at-all": (npy(np.zeros((0, 8, 8, 1), "f4")), 422, "empty"),
    "one-number": (npy(np.float32(1)), 422, "shape"),
    "another-shape": (npy(np.zeros((1, 28, 28, 1), "f4")), 422, "8x8x1 images"),
    "colours": (npy(np.zeros((1, 8, 8, 3), "f4")), 422, "8x8x1 images"),
    "texts": (npy(np.full((1, 8, 8, 1), "x")), 422, "no pixel value"),
    "complex": (npy(ONE.astype("c8")), 422, "no pixel value"),
    "records": (npy(np.zeros((1, 8, 8), [("a", "f4")])), 422, "no pixel value"),
    "nan": (npy(np.full_like(ONE, np.nan)), 422, "NaN or infinite"),
    "infinity": (npy(np.full_like(ONE, np.inf)), 422, "NaN or infinite"),
    "negative": (npy(-ONE), 422, "-0.5"),
    "too-bright": (npy(300 * ONE), 422, "150"),
    "too-many": (npy(np.repeat(ONE, 17, axis=0)), 413, "16 at most"),
    "too-large": (bytes(2**18 + 1), 413, "262144 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_images_are_refused(plain, name):
    body, status, sentence = HOSTILE[name]
    assert sentence in plain.client.post("/encode", body).refused(status)


@pytest.mark.parametrize("name", PICTURES)
def test_hostile_pictures_are_refused_as_files_are(plain, tmp_path, name):
    folder = tmp_path / "made"
    folder.mkdir()
    content = CASES[name].make(folder, tmp_path / "canary").read_bytes()
    status = 413 if len(content) > 2**18 else 400
    plain.client.post("/encode", content).refused(status)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "JSON"),
        (b"\xff\xfe\xfa\xfb", 400, "JSON"),
        (b'{"z": [[1, 2]', 400, "JSON"),
        (b'{"z": [[NaN, 1]]}', 400, "NaN"),
        (b'{"z": [[1, 2]], "z": [[1, 2]]}', 400, "twice"),
        (b"[" * 100_000, 400, "deep"),
        (b'{"z": [[' + b"1" * 5000 + b", 1]]}", 400, "JSON"),
        (b"[[1, 2]]", 422, "object"),
        (b'{"y": [[1, 2]]}', 422, "'y'"),
        (b"{}", 422, "'z' or 'codes'"),
        (b'{"z": [[1, 2], [1]]}', 422, "same length"),
        (b'{"z": [["a", "b"]]}', 422, "rows of numbers"),
        (b'{"z": [[1, 2, 3]]}', 422, "(N, 2)"),
        (b'{"z": [1, 2]}', 422, "(N, 2)"),
        (b'{"z": []}', 422, "(N, 2)"),
        (b'{"z": [[1e39, 0]]}', 422, "infinity"),
        (b'{"codes": [[1, 2]], "z": [[1, 2]]}', 422, "either"),
        (b'{"z": [[1, 2]], "labels": [1]}', 422, "no condition"),
        (json.dumps({"z": [[0, 0]] * 17}).encode(), 413, "16 at most"),
        (npy(np.full((1, 2), np.nan)), 422, "NaN"),
        (npy(np.array([["a", "b"]])), 422, "(N, 2)"),
        (npy_pickle(), 400, "pickle"),
    ],
)
def test_bad_latents_are_refused(plain, body, status, sentence):
    assert sentence in plain.client.post("/decode", body).refused(status)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"count": 0}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": "4"}, "count"),
        ({"seed": -1}, "seed"),
        ({"temperature": 0}, "temperature"),
        ({"number": 3}, "number"),
        ({"labels": [1]}, "no condition"),
        ({"sampler": "../../etc/passwd"}, "sampler"),
        ({"sampler": "nobody"}, "nobody"),
    ],
)
def test_what_can_not_be_sampled_is_refused(plain, body, sentence):
    assert sentence in plain.client.post("/sample", json.dumps(body)).refused(422)


def test_more_samples_than_rows_are_refused(plain):
    assert "16 at most" in plain.client.post("/sample", b'{"count": 1000000000}').refused(413)


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("", 422, "from 0 to 9"),
        ("?labels=10", 422, "0 to 9"),
        ("?labels=-1", 422, "0 to 9"),
        ("?labels=1,2", 422, "give 1 whole"),
        ("?labels=", 400, "no list"),
        ("?labels=cat", 400, "no list"),
        ("?labels=1.5", 400, "no list"),
        ("?labels=99999999999999999999", 400, "no list"),
        ("?label=1", 400, "'label'"),
    ],
)
def test_wrong_labels_are_refused(coded, query, status, sentence):
    for path in ("/encode", "/reconstruct", "/score"):
        assert sentence in coded.client.post(path + query, npy(ONE)).refused(status)


@pytest.mark.parametrize("codes", [[[6]], [[-1]], [[0, 1]], [["a"]], [[2**40]]])
def test_codes_that_there_are_not_are_refused_alone(coded, codes):
    body = json.dumps({"codes": codes, "labels": [0]})
    coded.client.post("/decode", body).refused(422)
    assert len(coded.client.post("/decode", b'{"codes": [[5]], "labels": [0]}').array) == 1


def test_labels_that_nobody_asked_for_are_refused(plain):
    assert "no condition" in plain.client.post("/encode?labels=1", npy(ONE)).refused(422)


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/encode", "text/html", 415),
        ("/encode", "multipart/form-data; boundary=x", 415),
        ("/encode", JSON, 415),
        ("/encode", NPY, 200),
        ("/encode", "image/png", 400),  # an array isn't
        ("/decode", "image/png", 415),
        ("/sample", NPY, 415),
    ],
)
def test_types_of_bodies(plain, path, kind, status):
    answer = plain.client.post(path, npy(ONE), content_type=kind)
    if status != 200:
        answer.refused(status)


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/json;q=0", "nonsense"])
def test_forms_of_answers_that_there_are_not(plain, accept):
    assert NPY in plain.client.post("/encode", npy(ONE), accept=accept).refused(406)


@pytest.mark.parametrize(
    "path",
    [
        "/run.json",
        "/../run.json",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/run.json",
        "//etc/passwd",
        "/encode/",
        "/encode/../health",
        "/encode%00",
        "/static/page.css",
    ],
)
def test_no_other_path_is_served(plain, path):
    plain.client.get(path).refused(404)
    plain.client.post(path, npy(ONE)).refused(404)


def test_each_path_has_its_method(plain):
    plain.client.get("/encode").refused(405)
    plain.client.post("/health").refused(405)
    plain.client.ask("DELETE", "/encode").refused(405)


def test_another_host_and_another_sites_page_are_refused(plain):
    plain.client.post("/encode", npy(ONE), host="example.org").refused(403)
    plain.client.get("/health", host="example.org").refused(403)
    plain.client.post("/encode", npy(ONE), origin="http://example.org").refused(403)
    own = f"http://{plain.client.place.netloc}"
    assert plain.client.post("/encode", npy(ONE), origin=own).status == 200


def test_arrays_that_there_are_not(plain):
    assert "z_mean, z_log_var" in plain.client.post("/encode?array=z", npy(ONE)).refused(422)
