"""scikit-learn's own checks of an estimator: none is declared to fail.

All of them run on torch, whose steps are compiled by nobody: TensorFlow traces each fit anew, for
four times as long. There, all but a few of them are slow.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from vaekit.sklearn import VAE

TINY = {"units": (4,)}
ESTIMATOR = VAE(epochs=1, encoder_opt=TINY, decoder_opt=TINY)
# Of those that fit something, these few run on each backend.
QUICK = {"check_dict_unchanged", "check_methods_sample_order_invariance"}
# These fit nothing.
AT_ONCE = {
    "check_complex_data",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimator_sparse_tag",
    "check_estimator_tags_renamed",
    "check_estimators_empty_data_messages",
    "check_estimators_unfitted",
    "check_fit1d",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformer_n_iter",
    "check_transformers_unfitted",
    "check_valid_tag_types",
}


def _name(check: Any) -> str:
    return _name(check.func) if isinstance(check, partial) else check.__name__


def _case(check: Any) -> Any:
    name = _name(check)
    quick = keras.backend.backend() == "torch" or name in QUICK | AT_ONCE
    return pytest.param(check, id=name, marks=() if quick else pytest.mark.slow)


@pytest.mark.backend
@pytest.mark.parametrize(
    "check", [_case(check) for _, check in estimator_checks_generator(ESTIMATOR)]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_an_estimator_of_scikit_learns(check):
    check(ESTIMATOR)
