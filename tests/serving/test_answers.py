"""What a served run answers: what the run itself gives, in the form that is asked for."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.serving.asking import JSON, NPY, PNG, npy, picture
from vaekit.serving.run_model import RunModel

pytestmark = pytest.mark.backend

IMAGES = np.random.default_rng(1).random((16, 8, 8, 1), "f4")
Z = np.random.default_rng(2).normal(size=(16, 2)).astype("f4")
LABELS = np.arange(3)


def test_images_are_encoded_by_name_or_as_one_array(plain):
    own = plain.run.encode(IMAGES[:3])
    told = plain.client.post("/encode", npy(IMAGES[:3])).json
    assert list(told) == ["z_mean", "z_log_var"]
    np.testing.assert_allclose(told["z_mean"], own.z_mean, atol=1e-5)
    np.testing.assert_allclose(told["z_log_var"], own.z_log_var, atol=1e-5)
    point = plain.client.post("/encode", npy(IMAGES[:3]), accept=NPY).array
    np.testing.assert_allclose(point, own.z_mean, atol=1e-5)
    other = plain.client.post("/encode?array=z_log_var", npy(IMAGES[:3]), accept=NPY).array
    np.testing.assert_allclose(other, own.z_log_var, atol=1e-5)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_an_image_file_is_read_as_the_runs_own(plain, form):
    grey = np.full((8, 8), 120, "u1")
    answer = plain.client.post("/encode", picture(grey, form), accept=NPY)
    own = plain.run.encode(grey[np.newaxis].astype("f4") / 255).z_mean
    np.testing.assert_allclose(answer.array, own, atol=1e-5)


def test_reconstructions_are_an_array_or_a_picture(plain):
    own = plain.run.reconstruct(IMAGES[:2])
    np.testing.assert_allclose(
        plain.client.post("/reconstruct", npy(IMAGES[:2])).array, own, atol=1e-5
    )
    answer = plain.client.post("/reconstruct", npy(IMAGES[:1]), accept="image/png, */*;q=0.1")
    assert answer.headers["content-type"] == PNG
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)))
    np.testing.assert_allclose(pixels / 255, own[0, ..., 0], atol=0.003)
    assert "one picture" in plain.client.post("/reconstruct", npy(IMAGES), accept=PNG).refused(406)


def test_latents_are_decoded_from_an_array_or_json(plain):
    own = plain.run.decode(Z[:3])
    np.testing.assert_allclose(plain.client.post("/decode", npy(Z[:3])).array, own, atol=1e-5)
    asked = json.dumps({"z": Z[:3].tolist()})
    told = plain.client.post("/decode", asked, accept=JSON).json
    np.testing.assert_allclose(told["images"], own, atol=1e-5)


def test_samples_are_those_of_the_seed(plain):
    answer = plain.client.post("/sample", json.dumps({"count": 3, "seed": 7, "temperature": 0.5}))
    own = plain.run.sample(3, seed=7, temperature=0.5)
    np.testing.assert_allclose(answer.array, own, atol=1e-5)
    np.testing.assert_allclose(plain.client.post("/sample").array, plain.run.sample(1), atol=1e-5)


@pytest.mark.parametrize("count", [1, 16])
def test_scores_are_those_of_the_images_together(plain, count):
    own = plain.run.score(IMAGES[:count])
    told = plain.client.post("/score", npy(IMAGES[:count])).json
    assert list(told) == list(own)
    for name, values in own.items():
        np.testing.assert_allclose(told[name], values, rtol=1e-5, atol=1e-5)
    elbo = plain.client.post("/score", npy(IMAGES[:count]), accept=NPY).array
    np.testing.assert_allclose(elbo, own["elbo"], rtol=1e-5)


def test_at_the_same_time_each_gets_its_own(plain):
    """Requests of other sizes and for other things among them, one of which is refused."""
    asked = []
    for n in range(60):
        rows = IMAGES[n % 13 : n % 13 + 1 + n % 3]
        asked.append(("/encode" if n % 2 else "/reconstruct", rows))
    asked.insert(30, ("/encode", np.full((1, 8, 8, 1), np.nan, "f4")))
    rows_before, calls_before = batches(plain)
    with ThreadPoolExecutor(32) as pool:
        answers = [*pool.map(lambda a: plain.client.post(a[0], npy(a[1]), accept=NPY), asked)]
    assert "NaN" in answers.pop(30).refused(422)
    asked.pop(30)
    for (path, rows), answer in zip(asked, answers, strict=True):
        own = plain.run.encode(rows).z_mean if path == "/encode" else plain.run.reconstruct(rows)
        np.testing.assert_allclose(answer.array, own, atol=1e-5)
    rows, calls = batches(plain)
    assert rows - rows_before == sum(len(each) for _, each in asked)
    assert calls - calls_before < 60  # some of them were joined


def batches(served):
    """Rows that went through the model, and calls that they took."""
    text = served.client.get("/metrics").content.decode()
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return tuple(float(figures[f"vaekit_batch_rows_{name}"]) for name in ("sum", "count"))


def test_rows_are_filled_up_to_sizes_that_were_warmed_up(plain, monkeypatch):
    sizes = []
    encode = RunModel.encode

    def noted(self, pixels, labels):
        sizes.append(len(pixels))
        return encode(self, pixels, labels)

    monkeypatch.setattr(RunModel, "encode", noted)
    for count in (1, 3, 5, 16):
        assert len(plain.client.post("/encode", npy(IMAGES[:count]), accept=NPY).array) == count
    assert sizes == [1, 4, 8, 16]


# a condition, and codes


def test_each_image_has_its_label(coded):
    path = "/reconstruct?labels=0,1,2"
    own = coded.run.reconstruct(IMAGES[:3], LABELS)
    np.testing.assert_allclose(coded.client.post(path, npy(IMAGES[:3])).array, own, atol=1e-5)
    told = coded.client.post("/score?labels=0,1,2", npy(IMAGES[:3])).json
    np.testing.assert_allclose(told["loss"], coded.run.score(IMAGES[:3], LABELS)["loss"], rtol=1e-5)


def test_codes_come_and_go_as_whole_numbers(coded):
    told = coded.client.post("/encode?labels=0,1,2", npy(IMAGES[:3]), accept=NPY).array
    own = coded.run.encode(IMAGES[:3], LABELS).code
    np.testing.assert_array_equal(told, own)
    own = own.astype(int)
    images = coded.run.decode(own, LABELS)
    by_array = coded.client.post("/decode?labels=0,1,2", npy(own)).array
    np.testing.assert_allclose(by_array, images, atol=1e-5)
    asked = json.dumps({"codes": own.tolist(), "labels": [0, 1, 2]})
    by_json = coded.client.post("/decode", asked, content_type=JSON).array
    np.testing.assert_allclose(by_json, images, atol=1e-5)


def test_what_can_not_be_sampled_gets_the_reason(coded):
    asked = json.dumps({"labels": [1]})
    assert coded.client.post("/sample", asked).refused(422)


# colours, and a map for z


def test_colours_come_as_a_picture_or_an_array_and_go_as_either(mapped):
    rows = np.random.default_rng(3).integers(0, 256, (2, 8, 8, 3), "u1")
    own = mapped.run.reconstruct(rows.astype("f4") / 255)
    by_array = mapped.client.post("/reconstruct", npy(rows)).array
    assert by_array.shape == (2, 8, 8, 3)
    np.testing.assert_allclose(by_array, own, atol=1e-5)
    by_file = mapped.client.post("/reconstruct", picture(rows[0])).array
    np.testing.assert_allclose(by_file, own[:1], atol=1e-5)
    answer = mapped.client.post("/reconstruct", picture(rows[0]), accept=PNG)
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert drawn.mode == "RGB"
        np.testing.assert_allclose(np.asarray(drawn) / 255, own[0], atol=0.003)
    assert "8x8x3 images" in mapped.client.post("/encode", npy(IMAGES[:3])).refused(422)


def test_a_map_keeps_its_shape(mapped):
    images = np.random.default_rng(4).random((3, 8, 8, 3), "f4")
    own = mapped.run.encode(images)
    assert own.z_mean.shape == (3, 2, 2, 3)
    z = mapped.client.post("/encode", npy(images), accept=NPY).array
    np.testing.assert_allclose(z, own.z_mean, atol=1e-5)
    told = mapped.client.post("/encode", npy(images)).json
    np.testing.assert_allclose(told["z_log_var"], own.z_log_var, atol=1e-5)
    decoded = mapped.run.decode(z)
    np.testing.assert_allclose(mapped.client.post("/decode", npy(z)).array, decoded, atol=1e-5)
    by_json = mapped.client.post("/decode", json.dumps({"z": z.tolist()})).array
    np.testing.assert_allclose(by_json, decoded, atol=1e-5)
    flat = npy(z.reshape(3, -1))
    assert "(N, 2, 2, 3)" in mapped.client.post("/decode", flat).refused(422)
    drawn = mapped.client.post("/sample", json.dumps({"count": 2, "seed": 5})).array
    np.testing.assert_allclose(drawn, mapped.run.sample(2, seed=5), atol=1e-5)
    told, own = mapped.client.post("/score", npy(images)).json, mapped.run.score(images)
    np.testing.assert_allclose(told["elbo"], own["elbo"], rtol=1e-5)


# what is told of it


def test_health_figures_and_descriptions(plain):
    health = plain.client.get("/health").json
    assert health["status"] == "ok"
    assert health["run"] == "plain"
    plain.client.post("/encode", b"hello")
    figures = plain.client.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    assert b'vaekit_requests_total{path="/encode",status="400"}' in figures.content
    assert b"vaekit_held_bytes 0.0" in figures.content
    description = plain.client.get("/openapi.json").json
    assert description["openapi"] == "3.1.0"
    assert {"/encode", "/decode", "/reconstruct", "/sample", "/score"} <= description[
        "paths"
    ].keys()


def test_the_description_is_of_this_run_and_says_nowhere_where_it_lies(plain, coded):
    for served, fields in ((plain, ["z"]), (coded, ["z", "codes", "labels"])):
        answer = served.client.get("/openapi.json")
        description = answer.json
        assert description["info"]["title"] == served.run.path.name
        assert "encoder small, latent" in description["info"]["description"]
        body = description["paths"]["/decode"]["post"]["requestBody"]["content"]
        assert list(body["application/json"]["schema"]["properties"]) == fields
        assert str(served.run.path.parent).encode() not in answer.content


def test_the_page_needs_no_network(plain):
    answer = plain.client.get("/")
    page = answer.content.decode()
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for path in ("/encode", "/decode", "/reconstruct", "/sample", "/score", "/metrics"):
        assert path in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page
