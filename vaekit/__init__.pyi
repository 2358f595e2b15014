"""What `import vaekit` offers, and where each name lives; `__init__.py` reads it from here."""

from vaekit import active_units as active_units
from vaekit import autodiff as autodiff
from vaekit import distributions as distributions
from vaekit import schedules as schedules
from vaekit import stock_layers as stock_layers
from vaekit import testing as testing
from vaekit.api import compare as compare
from vaekit.api import cure as cure
from vaekit.api import diagnose as diagnose
from vaekit.api import load as load
from vaekit.api import load_model as load_model
from vaekit.api import load_weights as load_weights
from vaekit.api import resume as resume
from vaekit.api import runs as runs
from vaekit.api import train as train
from vaekit.comparison import Comparison as Comparison
from vaekit.config import TrainConfig as TrainConfig
from vaekit.data import load_data as load_data
from vaekit.data import read_images as read_images
from vaekit.diagnosis import Diagnosis as Diagnosis
from vaekit.diagnosis import Finding as Finding
from vaekit.distributions import Distribution as Distribution
from vaekit.distributions import Posterior as Posterior
from vaekit.errors import BuildError as BuildError
from vaekit.errors import DataError as DataError
from vaekit.errors import DataUnavailableError as DataUnavailableError
from vaekit.errors import ModelFileError as ModelFileError
from vaekit.errors import OptionError as OptionError
from vaekit.errors import PluginError as PluginError
from vaekit.errors import RunError as RunError
from vaekit.errors import UserError as UserError
from vaekit.errors import VaekitError as VaekitError
from vaekit.errors import VaekitWarning as VaekitWarning
from vaekit.hookspecs import API_VERSION as API_VERSION
from vaekit.hookspecs import Register as Register
from vaekit.hookspecs import hookimpl as hookimpl
from vaekit.latent import Draw as Draw
from vaekit.latent import Given as Given
from vaekit.latent import Latent as Latent
from vaekit.latent import Prior as Prior
from vaekit.latent import StandardNormalPrior as StandardNormalPrior
from vaekit.loops import random_loop as random_loop
from vaekit.loss import Adversary as Adversary
from vaekit.loss import Loss as Loss
from vaekit.loss import Player as Player
from vaekit.metric import Estimate as Estimate
from vaekit.metric import Measurement as Measurement
from vaekit.metric import Metric as Metric
from vaekit.metric import Need as Need
from vaekit.metric import TrainedModel as TrainedModel
from vaekit.normal_latent import NormalLatent as NormalLatent
from vaekit.outliers import Calibration as Calibration
from vaekit.outliers import Outliers as Outliers
from vaekit.pixels import as_floats as as_floats
from vaekit.plugins import load_plugin as load_plugin
from vaekit.refinement import Refined as Refined
from vaekit.refinement import refined_posteriors as refined_posteriors
from vaekit.run import Run as Run
from vaekit.run_directory import ListedRun as ListedRun
from vaekit.sampler import Encodings as Encodings
from vaekit.sampler import LatentSpace as LatentSpace
from vaekit.sampler import Sampler as Sampler
from vaekit.sweeps import Sweep as Sweep
from vaekit.sweeps import SweptTrial as SweptTrial
from vaekit.sweeps import sweep as sweep
from vaekit.tracker import RunResults as RunResults
from vaekit.tracker import TrackedRun as TrackedRun
from vaekit.tracker import Tracker as Tracker
from vaekit.types import Dataset as Dataset
from vaekit.types import Images as Images
from vaekit.types import VAEOutput as VAEOutput

__version__: str

# Made by `vaekit.plugins`, one for each kind of part.
register_dataset: Register
register_decoder: Register
register_encoder: Register
register_latent: Register
register_loss: Register
register_metric: Register
register_prior: Register
register_sampler: Register
register_tracker: Register
