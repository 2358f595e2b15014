"""Parts that don't fit are refused before training, with both names and a part that would do."""

from __future__ import annotations

import math
import re

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import layers, ops

import vaekit
from tests.small_nets import SMALL_NETS
from vaekit import distributions
from vaekit.cli import main
from vaekit.stock_layers import flattened

FEW = {"data": "digits", "limit": 32, "batch_size": 8, "epochs": 1, "progress": False}


class Point(vaekit.Latent):
    """z is a dense layer's output, without a density."""

    def __init__(self, latent_dim):
        self.latent_dim = latent_dim

    def shape(self, features):
        return (self.latent_dim,)

    def heads(self, features):
        return {"z": layers.Dense(self.latent_dim, name="point")(flattened(features))}

    def posterior(self, parameters):
        return distributions.PointMass(parameters["z"])

    def point(self, parameters):
        return parameters["z"]

    def infer(self, parameters, given):
        z = parameters["z"]
        return vaekit.Draw(z, self.posterior(parameters), given.prior, kl=ops.zeros_like(z))


class OnACircle(Point):
    support = "circle"


class ItsOwn(Point):
    def own_prior(self):
        return distributions.StandardNormal(self.latent_dim)


class NoClosedForm(Point):
    """A law without density or divergence, held against the prior by `Latent.infer`."""

    infer = vaekit.Latent.infer


class OneDraw(Point):
    """Draws once, however many are asked for."""

    def infer(self, parameters, given):
        return super().infer(parameters, given._replace(lead=()))


class OtherShape(Point):
    def shape(self, features):
        return (self.latent_dim + 1,)


class Counting(Point):
    """Counts its calls, in evaluation too."""

    def __init__(self, latent_dim):
        super().__init__(latent_dim)
        self.count = keras.Variable(0.0, trainable=False, name="count")

    def infer(self, parameters, given):
        self.count.assign_add(1.0)
        return super().infer(parameters, given)


class OwnDraws(Point):
    def __init__(self, latent_dim):
        super().__init__(latent_dim)
        self.draws = keras.random.SeedGenerator(1)

    def infer(self, parameters, given):
        return (
            super()
            .infer(parameters, given._replace(lead=()))
            ._replace(z=parameters["z"] + keras.random.normal((self.latent_dim,), seed=self.draws))
        )


ELSEWHERE = []


class HeldElsewhere(Point):
    """Its average is in a list of the module; only training changes it."""

    def __init__(self, latent_dim):
        super().__init__(latent_dim)
        ELSEWHERE[:] = [keras.Variable(0.0, trainable=False, name="average")]

    def infer(self, parameters, given):
        if given.training:
            ELSEWHERE[0].assign(ops.mean(parameters["z"]))
        return super().infer(parameters, given)


class NewLayer(Point):
    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(z=layers.Dense(self.latent_dim, name="new")(draw.z))


class NewVariable(Point):
    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(z=draw.z * keras.Variable(1.0))


class SameTerm(Point):
    """Its term has the name of one of the loss's."""

    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(terms={"error": ops.square(draw.z[:, 0])})


class SameReport(Point):
    """What it reports has the name of what the kit reports."""

    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(report={"kl": draw.z[:, 0]})


class ScaledPrior(vaekit.Prior):
    """A scale that is made in the factory and held by nothing."""

    def __init__(self, latent_size):
        scale = keras.Variable(0.0, name="scale")
        ELSEWHERE[:] = [scale]

    def distribution(self, size, posterior_of, condition=None):
        zeros = ops.zeros((size,))
        return distributions.DiagonalNormal(zeros, zeros + ELSEWHERE[0])


def scaled(latent_size, image_shape):
    return ScaledPrior(latent_size)


class Squares(vaekit.Loss):
    """A squared error, for anything."""

    posterior = prior = object

    def __call__(self, x, output):
        return {"error": ops.mean(ops.square(x - output.reconstruction), axis=(-3, -2, -1))}


class OnlyThe(Squares):
    """Needs what it is made with."""

    def __init__(self, **needs):
        for name, value in needs.items():
            setattr(self, name, value)


@pytest.fixture
def parts(registering):
    for name, latent in {
        "point": Point,
        "circle": OnACircle,
        "its-own": ItsOwn,
        "no-closed-form": NoClosedForm,
        "one-draw": OneDraw,
        "other-shape": OtherShape,
        "counting": Counting,
        "own-draws": OwnDraws,
        "held-elsewhere": HeldElsewhere,
        "new-layer": NewLayer,
        "new-variable": NewVariable,
        "same-term": SameTerm,
        "same-report": SameReport,
    }.items():
        vaekit.register_latent(name, latent)
    vaekit.register_prior("scaled", scaled)
    vaekit.register_loss("squares", Squares)
    vaekit.register_loss("of-api-1", lambda: OnlyThe(posterior=distributions.DiagonalNormal))
    vaekit.register_loss("of-points", lambda: OnlyThe(posterior=distributions.PointMass))
    vaekit.register_loss("of-mixtures", lambda: OnlyThe(prior=distributions.Mixture))
    vaekit.register_loss("of-standard", lambda: OnlyThe(prior=distributions.StandardNormal))
    vaekit.register_loss("of-density", lambda: OnlyThe(density=True))
    vaekit.register_loss("of-draws", lambda: OnlyThe(samples=3))
    return {**SMALL_NETS, "loss": "squares"}


def refused(out, **config):
    """The sentence by which a run is refused, which has left nothing."""
    with pytest.raises(vaekit.BuildError) as caught:
        vaekit.train(**{**FEW, **config}, out=str(out))
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("config", "sentences"),
    [
        pytest.param(
            {"latent": "circle", "prior": "mixture"},
            [
                "The prior 'mixture' is for z of support real, and the latent 'circle' gives z of "
                "support circle.",
                "Choose the latent 'counting' or ",
            ],
            id="support",
        ),
        pytest.param(
            {"latent": "its-own", "prior": "mixture"},
            [
                "The latent 'its-own' has a prior of its own and takes no other, such as 'mixture'."
                " Leave out prior='mixture'.",
                "Choose the latent 'counting' or ",
            ],
            id="a prior of its own",
        ),
        pytest.param(
            {"latent": "point", "loss": "of-api-1"},
            [
                "The loss 'of-api-1' needs a posterior of type DiagonalNormal and gets PointMass, "
                "of the latent 'point'. Choose the latent 'normal'. Choose the loss 'beta' or ",
            ],
            id="posterior",
        ),
        pytest.param(
            {"latent": "normal", "loss": "of-points"},
            [
                "The loss 'of-points' needs a posterior of type PointMass and gets DiagonalNormal,"
                " of the latent 'normal'. Choose the latent 'circle' or 'counting' or ",
            ],
            id="a posterior of a stranger's",
        ),
        pytest.param(
            {"latent": "normal", "prior": "mixture", "loss": "of-standard"},
            [
                "The loss 'of-standard' needs a prior of type StandardNormal and gets Mixture, of "
                "the latent 'normal' with the prior 'mixture'. Leave out prior='mixture'. Choose ",
            ],
            id="prior",
        ),
        pytest.param(
            {"latent": "point", "loss": "of-density"},
            [
                "The loss 'of-density' needs the densities of z, and there are none, of the latent "
                "'point'. Choose the latent 'full-normal' or 'normal'. Choose the loss ",
            ],
            id="density",
        ),
        pytest.param(
            {"latent": "one-draw", "loss": "of-draws"},
            [
                "The loss 'of-draws' needs 3 draws of z an image, and gets z of shape (2, 2) for "
                "two images, of the latent 'one-draw'. Choose the latent 'full-normal' or ",
            ],
            id="samples",
        ),
        pytest.param(
            {"latent": "no-closed-form", "prior": "mixture"},
            [
                "The latent 'no-closed-form' with the prior 'mixture': KL(PointMass || Mixture) has"
                " no closed form, and without both densities it can't be estimated.",
            ],
            id="divergence",
        ),
        pytest.param(
            {"latent": "other-shape"},
            ["The latent's point has the shape (2,), and by its `shape` z has (3,)"],
            id="shape",
        ),
        pytest.param(
            {"latent": "normal", "latent_opt": {"grid": True}},
            [
                "The latent 'normal' with grid=true needs features that are a map, and these have "
                "the shape (8,): choose an encoder that gives one, such as conv5, or grid=false.",
            ],
            id="map",
        ),
        pytest.param(
            {"latent": "counting"},
            [
                "Evaluating images would change the variable 'count' of the model. A latent and a "
                "prior may assign variables only where `given.training`, and draw by `given.seed`.",
            ],
            id="state in evaluation",
        ),
        pytest.param(
            {"latent": "own-draws"}, ["Evaluating images would change the variable"], id="draws"
        ),
        pytest.param(
            {"latent": "held-elsewhere"},
            [
                "The latent or the prior uses the variable 'average' and doesn't hold it, so that "
                "it would be neither trained nor saved. Make it once, in the factory, and keep it "
                "as an attribute of the part.",
            ],
            id="a variable that the latent doesn't hold",
        ),
        pytest.param(
            {"latent": "new-layer"},
            ["The latent or the prior makes, at each call, the variable 'new/", "an attribute"],
            id="a layer at each call",
        ),
        pytest.param(
            {"latent": "new-variable"},
            ["The latent 'new-variable' makes a variable when it is called, which would be"],
            id="a variable at each call",
        ),
        pytest.param(
            {"latent": "same-term"},
            ["The loss 'squares' has a term 'error', which the latent reports by itself."],
            id="a term of the same name",
        ),
        pytest.param(
            {"latent": "same-report"},
            ["The latent reports 'kl', and so does the kit or the loss: give what the latent "],
            id="a report of the same name",
        ),
        pytest.param(
            {"latent": "normal", "prior": "scaled"},
            ["The latent or the prior uses the variable 'scale' and doesn't hold it, so that"],
            id="a variable that the prior doesn't hold",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_training(parts, tmp_path, config, sentences):
    text = refused(tmp_path / "run", **{**parts, **config})
    for sentence in sentences:
        assert sentence in text


def test_a_latent_without_a_prior_is_told_to_take_one(parts, tmp_path):
    config = {**parts, "latent": "deterministic", "loss": "of-laws"}
    vaekit.register_loss("of-laws", lambda: OnlyThe(prior=distributions.Distribution))
    text = refused(tmp_path / "run", **config)
    assert re.match(
        r"The loss 'of-laws' needs a prior of type Distribution and gets none, of the latent "
        r"'deterministic'. Choose the prior '[^.]*'. Choose the latent '",
        text,
    )
    run = vaekit.train(**FEW, **config, prior="standard-normal", out=str(tmp_path / "run"))
    assert np.isfinite(run.history[-1]["val_loss"])


def test_what_is_told_to_choose_instead_fits(parts, tmp_path):
    text = refused(tmp_path / "run", **{**parts, "latent": "normal", "loss": "of-points"})
    latents = text.split("Choose the latent ")[1].split(".")[0].replace("'", "").split(" or ")
    latent = next(name for name in latents if name != "counting")
    run = vaekit.train(
        **FEW, **{**parts, "latent": latent, "loss": "of-points"}, out=str(tmp_path / "run")
    )
    assert np.isfinite(run.history[-1]["val_loss"])


def test_on_the_command_line_it_is_the_users_mistake(parts, tmp_path):
    out = tmp_path / "run"
    words = ["train", "--data", "digits", "--limit", "32", "--encoder", "small"]
    words += ["--decoder", "small", "--latent", "circle", "--prior", "mixture", "--out", str(out)]
    done = CliRunner().invoke(main, words, prog_name="vaekit")
    assert done.exit_code == 2
    assert "The prior 'mixture' is for z of support real" in done.stderr
    assert "Traceback" not in done.output
    assert not out.exists()


class OneCode(Point):
    """A law of equally probable codes: the KL is the same for all images."""

    constant_kl = True


def test_a_weight_on_a_constant_kl_is_refused(registering):
    vaekit.register_latent("one-code", OneCode)
    with pytest.raises(
        vaekit.BuildError,
        match=r"loss 'beta' needs a KL that a weight can move, and gets a constant, of the latent "
        r"'one-code'. Choose the latent '.*'. Choose the loss '.*'\.$",
    ):
        vaekit.train(**{**FEW, **SMALL_NETS, "latent": "one-code", "loss": "beta"})


class ManyAlike(Point):
    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(z=draw.posterior.sample(given.seed, given.lead))


def test_draws_of_an_image_that_are_all_the_same_are_refused(registering):
    vaekit.register_latent("one-code", ManyAlike)
    config = {**FEW, **SMALL_NETS, "latent": "one-code", "loss": "elbo"}
    with pytest.raises(
        vaekit.BuildError,
        match=r"loss 'elbo' needs 3 draws of z an image, and gets the same one each time, of the "
        r"latent 'one-code'\. Choose the latent '.*'normal'\. Choose the loss '.*'\.$",
    ):
        vaekit.train(**config, loss_opt={"samples": 3})


class ByLikelihood(Point):
    needs_likelihood = True

    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(terms={"misfit": -given.log_likelihood(draw.z)})


class OfDistance(vaekit.Loss):
    posterior = prior = object

    def __call__(self, x, output):
        return {"distance": ops.mean(ops.square(x - output.reconstruction), axis=(1, 2, 3))}


def test_a_latent_that_goes_by_a_likelihood_needs_one(registering):
    vaekit.register_latent("by-likelihood", ByLikelihood)
    vaekit.register_loss("of-distance", OfDistance)
    parts = {**SMALL_NETS, "latent": "by-likelihood"}
    with pytest.raises(
        vaekit.BuildError,
        match=r"The latent 'by-likelihood' goes by log p\(x\|z\), and the loss 'of-distance' "
        r"declares no likelihood\. Choose the loss .*'elbo'.*\. Choose the latent .*'normal'.*\.$",
    ):
        vaekit.train(**{**FEW, **parts, "loss": "of-distance"})


class WideMap(Point):
    def shape(self, features):
        return (17, 17, 2)


def test_a_large_map_is_not_flattened(registering):
    def maps(latent_shape, image_shape):
        z = layers.Input(latent_shape)
        pixels = layers.Dense(math.prod(image_shape))(layers.GlobalAveragePooling2D()(z))
        return keras.Model(z, layers.Reshape(image_shape)(pixels))

    def of_other_maps(latent_shape, image_shape):
        raise NotImplementedError

    vaekit.register_latent("wide-map", WideMap)
    vaekit.register_decoder("of-maps", maps)
    vaekit.register_decoder("of-other-maps", of_other_maps)
    with pytest.raises(
        vaekit.BuildError,
        match=r"latent 'wide-map' gives a map of 17x17x2 here, and the decoder 'small' takes a "
        r"vector: 578 values.*Choose the decoder .*'of-maps'",
    ):
        vaekit.train(**{**FEW, **SMALL_NETS, "latent": "wide-map"})
