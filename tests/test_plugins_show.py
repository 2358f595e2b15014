"""`vaekit plugins show`: options, shapes, parameters, and what a loss gives and needs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vaekit.cli import main

PARTS = """
    import keras
    from keras import layers

    import vaekit

    def only28(image_shape, *, width: int = 4):
        if image_shape[:2] != (28, 28):
            raise vaekit.BuildError(f"only28 takes 28x28 images, not {image_shape}: resize them.")
        inputs = keras.Input(image_shape)
        features = layers.Dense(width, trainable=False)(layers.Flatten()(inputs))
        return keras.Model(inputs, layers.Dense(2)(features))

    def fails(image_shape):
        return 1 / 0

    class Fails:
        def __call__(self, x, output):
            return {"all": x.no_such_thing}

    @vaekit.hookimpl
    def register_encoders(register):
        register("only28", only28, summary="One size.")
        register("fails", fails)
        register("absent", "no_such_module:encoder")

    @vaekit.hookimpl
    def register_losses(register):
        print("Registering losses.")
        register("fails", Fails)
        register("only28", lambda: None, summary="Another kind.")
        register("type", dict)
"""

MAP_PARTS = """
    import vaekit

    class Round(vaekit.Prior):
        supports = ("ball",)

        def distribution(self, size, posterior_of):
            raise AssertionError

    def maps(latent_dim):
        raise vaekit.BuildError("The latent maps takes vectors.")

    @vaekit.hookimpl
    def register_latents(register):
        register("maps", maps)

    @vaekit.hookimpl
    def register_priors(register):
        register("round", lambda latent_size, image_shape: Round())
"""


def show(*args):
    return CliRunner().invoke(main, ["plugins", "show", *args], prog_name="vaekit")


def shown(*args):
    result = show(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def parts(name):
    return json.loads(shown(name, "--json"))


def test_an_encoders_layers_shapes_and_parameters_at_two_sizes():
    (part,) = parts("conv5")
    small, large = part["sizes"]
    assert small["input_shape"] == small["image_shape"] == [28, 28, 1]
    assert small["output_shape"] == [7, 7, 64]
    # 10 + 4, 64 + 4 x 32, ...: the tutorial's, where two of four numbers of a norm are averages.
    assert (small["parameters"], small["trainable_parameters"]) == (93_582, 93_132)
    assert large["input_shape"] == [64, 64, 3]
    assert large["output_shape"] == [16, 16, 64]
    first, *_, last = small["layers"]
    assert first == {
        "name": "encoder_conv_1",
        "type": "Conv2D",
        "shape": [28, 28, 1],
        "parameters": 10,
    }
    assert last["name"] == "encoder_activ_layer_5"
    assert sum(layer["parameters"] for layer in small["layers"]) == small["parameters"]


def test_layers_of_one_shape_share_a_line():
    assert shown("conv5").splitlines()[2:7] == [
        "  28x28x1 -> 7x7x64: 93,582 parameters, 93,132 trainable",
        "    28x28x1              14  Conv2D, BatchNormalization, LeakyReLU",
        "    28x28x32            448  Conv2D, BatchNormalization, LeakyReLU",
        "    14x14x64         18,752  Conv2D, BatchNormalization, LeakyReLU",
        "    7x7x64           74,368  2 Conv2D, 2 BatchNormalization, 2 LeakyReLU",
    ]


def test_a_decoder_is_shown_with_two_latents():
    lines = [line for line in shown("deconv4").splitlines() if "->" in line]
    assert [line.split(":")[0].strip() for line in lines] == ["2 -> 28x28x1", "2 -> 64x64x3"]


def test_a_losss_terms_and_needs():
    (part,) = parts("beta")
    assert part["built"] == {
        "terms": ["reconstruction", "weighted_kl"],
        "scale": "logits",
        "samples": 1,
        "schedules": ["kl_weight"],
        "likelihood": "Bernoulli",
        "posterior": None,
        "prior": None,
        "density": False,
        "weighs_kl": True,
        "laws_of_z": False,
        "networks": [],
        "classifier": False,
        "players": {
            "loss": {"moves": ["encoder", "latent", "prior", "decoder"], "terms": None},
        },
        "adversary": None,
        "variables": [],
    }
    assert shown("tutorial").splitlines()[2:] == [
        "  terms: reconstruction, kl",
        "  takes: reconstructions as mean, a draw of z an image; posterior any, prior any",
        "  schedules: none",
        "  likelihood for the reported elbo: WeightedErrorLikelihood",
        "  networks of its own: none",
        "  player loss: moves encoder, latent, prior, decoder; down all terms",
        "  adversary: none",
        "  variables of its own: none",
    ]
    (part,) = parts("sigma")
    assert part["built"]["variables"] == [
        {"name": "variance", "shape": [], "trainable": False},
        {"name": "updates", "shape": [], "trainable": False},
    ]


def test_a_latents_parameters_shapes_and_reports():
    (part,) = parts("full-normal")
    small, large = part["built"].pop("sizes")
    assert small == {
        "image_shape": [28, 28, 1],
        "encoder": "conv5",
        "features": [7, 7, 64],
        "latent_shape": [2],
        "parameters": {"z_mean": [2], "z_scale_tril": [2, 2]},
        "weights": (7 * 7 * 64 + 1) * (2 + 4),
    }
    assert large["features"] == [16, 16, 64]
    assert part["built"] == {
        "support": "real",
        "prior": "StandardNormal",
        "own_prior": False,
        "density": True,
        "kl_units": 1,
        "terms": [],
        "report": ["z_mean", "z_mean_squared"],
        "h5": True,
    }
    text = shown("deterministic")
    assert "  density: none, so no elbo\n" in text
    assert "  prior: none, so nothing can be sampled\n" in text


def test_a_priors_law_and_variables_at_two_sizes():
    (part,) = parts("vamp")
    small, _ = part["built"].pop("sizes")
    assert small["variables"] == [
        {"name": "pseudo_inputs", "shape": [100, 28, 28, 1], "trainable": True}
    ]
    assert part["built"] == {
        "supports": ["real"],
        "conditional": False,
        "law": "Mixture",
        "density": True,
        "noise": 3,
        "h5": False,
    }
    assert "  saved: .keras; .h5 has layers alone\n" in shown("mixture")


def test_what_a_sampler_goes_by():
    (part,) = parts("prior")
    assert part["built"] == {
        "supports": None,
        "conditional": True,
        "fitted": False,
        "needs_prior": True,
        "needs_posterior": False,
        "needs_codes": False,
        "has_temperature": True,
    }
    text = shown("prior")
    assert "  for z of support: any\n" in text
    assert "  fitted on: nothing\n" in text


def test_what_a_metric_needs():
    (part,) = parts("nll")
    assert part["built"] == {
        "needs": ["likelihood", "density"],
        "supports": None,
        "vector": False,
        "fewest": 1,
    }
    text = shown("nll")
    assert "  needs: likelihood, density\n  for z of support: any\n" in text
    assert "  images, at least: 1\n" in text


def test_laws_that_cannot_be_had_say_why(site):
    site.install("map-parts", MAP_PARTS)
    site.discover()
    sizes = parts("maps")[0]["built"]["sizes"]
    assert [size["refused"] for size in sizes] == ["The latent maps takes vectors."] * 2
    assert "  at 28x28x1 by conv5: The latent maps takes vectors." in shown("maps")
    assert "no installed latent has z of support ball" in shown("round")


def test_a_data_set_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (part,) = parts("mnist")
    assert set(part) == {"kind", "name", "distribution", "version", "summary", "options"}
    assert not list(tmp_path.iterdir())


@pytest.fixture
def odd(site):
    site.install("odd-parts", PARTS)
    site.discover()
    return site


def test_a_refused_size_is_told_in_the_parts_own_words(odd):
    encoder, loss = parts("only28")
    fits, refuses = encoder["sizes"]
    assert (fits["parameters"], fits["trainable_parameters"]) == (28 * 28 * 4 + 4 + 10, 10)
    assert refuses["refused"] == "only28 takes 28x28 images, not (64, 64, 3): resize them."
    assert "  at 64x64x3: only28 takes 28x28 images" in shown("only28")
    assert (loss["kind"], loss["summary"]) == ("loss", "Another kind.")


def test_parts_that_cannot_be_built_say_why_and_the_rest_is_shown(odd):
    encoder, loss = parts("fails@odd-parts")
    assert "can't be built for 28x28x1 images: ZeroDivisionError" in encoder["sizes"][0]["refused"]
    assert "It fails on a batch of images: AttributeError" in loss["built"]["refused"]
    assert "  It fails on a batch of images: " in shown("fails")


def test_a_part_that_cannot_be_imported_is_refused(odd):
    result = show("absent")
    assert result.exit_code == 2
    assert "'absent' of odd-parts 1.2.3 can't be imported from no_such_module:enc" in result.stderr


def test_a_part_whose_options_cannot_be_read_is_refused(odd):
    result = show("type")
    assert result.exit_code == 2
    assert (
        "The options of the loss 'type' of odd-parts can't be read: no signature" in result.stderr
    )


def test_both_parts_of_one_name_are_shown(odd):
    odd.install("more-parts", PARTS.replace("only28", "only"), version="2.0")
    odd.discover()
    heads = [line for line in shown("fails").splitlines() if not line.startswith(" ")]
    assert [line.partition(":")[0] for line in heads if "-parts" in line] == [
        "encoder fails (more-parts 2.0)",
        "encoder fails (odd-parts 1.2.3)",
        "loss fails (more-parts 2.0)",
        "loss fails (odd-parts 1.2.3)",
    ]
    assert {part["distribution"] for part in parts("fails@More_Parts")} == {"more-parts"}


def test_what_a_plugin_prints_does_not_spoil_the_document(odd):
    from vaekit.plugins import discover

    for args in (["show", "only28"], ["list"]):
        discover.cache_clear()
        result = CliRunner().invoke(main, ["plugins", *args, "--json"])
        assert json.loads(result.stdout)
        assert "Registering losses." in result.stderr
