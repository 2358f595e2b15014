"""Models of strangers, rebuilt from stock layers without Keras's deserializer.

A model file holds a config and weights. Keras turns the config into objects by looking up and
calling whatever it names. Here the config is data: what it names is looked up in tables of known
layers (`layers`) and objects (`objects`), its arguments are checked, and our own calls of their
constructors build the model. Weights are taken in when their shapes, types and values are right.
"""

from vaekit.model_files.files import load_model, load_weights
from vaekit.model_files.model_file import ModelFile

__all__ = ["ModelFile", "load_model", "load_weights"]
