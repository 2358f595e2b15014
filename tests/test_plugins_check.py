"""`vaekit plugins check`, on data sets: their checks take no time."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from vaekit.cli import main
from vaekit.testing.checks import CHECKS as SUITE

PARTS = """
    import numpy as np

    import vaekit

    def good():
        print("Drawing.")
        return vaekit.Dataset("good", vaekit.Images(np.zeros((9, 8, 8, 1), "uint8")))

    def labels():
        images = vaekit.Images(np.zeros((9, 8, 8, 1), "uint8"), np.zeros(8, int))
        return vaekit.Dataset("labels", images)

    def away():
        raise vaekit.DataUnavailableError("The server is away.")

    @vaekit.hookimpl
    def register_datasets(register):
        register("good", good)
        register("labels", labels)
        register("away", away)
        register("absent", "no_such_module:dataset")
"""
CHECKS = [function.__name__ for function in SUITE["dataset"]]
ALL = len(CHECKS)


@pytest.fixture(autouse=True)
def sets(site):
    site.install("some-sets", PARTS, version="0.3")
    site.install("broken-sets", "raise RuntimeError('boom')", version="0.4")
    site.discover()
    return site


def check(*args, code):
    result = CliRunner().invoke(main, ["plugins", "check", *args], prog_name="vaekit")
    assert result.exit_code == code, result.output
    return result


def lines_of(result):
    return [line for line in result.stdout.splitlines() if line != "Drawing."]


def test_a_line_a_check_and_a_summary():
    head, *lines, last = lines_of(check("good", code=0))
    assert head == "dataset good (some-sets 0.3)"
    assert [line.split()[:2] for line in lines] == [["passed", name] for name in CHECKS]
    assert all(re.search(r" \d+\.\d\d s$", line) for line in lines)
    assert re.fullmatch(rf"{ALL} passed; \d+\.\d s", last)


def test_a_failure_is_told_with_its_reason_and_ends_with_1():
    _, *lines, last = lines_of(check("labels", code=1))
    (failed,) = [line for line in lines if line.split()[0] == "failed"]
    assert re.search(r"labels_fit +\d+\.\d\d s  Its train labels are \(8,\), not \(9,\)\.", failed)
    assert last.startswith(f"{ALL - 1} passed, 1 failed; ")


def test_what_does_not_apply_is_told_and_no_failure():
    lines = lines_of(check("away", code=0))
    skipped = sum("The server is away." in line for line in lines)
    assert skipped >= 4
    assert lines[-1].startswith(f"{ALL - skipped} passed, {skipped} skipped; ")


def test_a_part_that_cannot_be_imported_fails():
    lines = lines_of(check("absent@some-sets", code=1))
    assert "can't be imported from no_such_module:dataset" in lines[1]
    assert lines[-1].startswith(f"{ALL} failed; ")


def test_every_part_of_a_distribution_is_checked():
    result = check("Some_Sets", "--json", code=1)
    document = json.loads(result.stdout)
    assert [part["name"] for part in document["parts"]] == ["absent", "away", "good", "labels"]
    assert (document["failed"], document["known"]) == (ALL + 1, 0)
    assert document["passed"] + document["skipped"] == 3 * ALL - 1
    labels = document["parts"][-1]
    assert (labels["kind"], labels["distribution"], labels["version"]) == (
        "dataset",
        "some-sets",
        "0.3",
    )
    assert [each["check"] for each in labels["checks"]] == CHECKS
    (reason,) = [each["reason"] for each in labels["checks"] if each["status"] == "failed"]
    assert reason.startswith("Its train labels are (8,)")
    # Whoever waits for the document sees how it goes, on the other stream.
    assert "Drawing." in result.stderr
    assert "  failed  labels_fit" in result.stderr


def test_a_broken_distribution_fails_with_its_reason():
    result = check("broken-sets", code=1)
    reason = "RuntimeError: boom"
    first, last = result.stdout.splitlines()
    assert first == f"broken: broken-sets-point of broken-sets 0.4: {reason}"
    assert last == "1 broken; 0.0 s"
    document = json.loads(check("broken-sets", "--json", code=1).stdout)
    assert document["parts"] == []
    assert [plugin["reason"] for plugin in document["broken"]] == [reason]


def test_an_unknown_name_is_refused_with_the_closest():
    result = check("lables", code=2)
    assert result.stdout == ""
    assert "There is no part or distribution 'lables'. Did you mean 'labels'?" in result.stderr
    assert "broken-sets-point of broken-sets 0.4: RuntimeError: boom" in result.stderr


def test_only_parts_of_the_kind_that_is_asked_for_are_checked():
    assert "no loss or distribution 'good'" in check("good", "--kind", "loss", code=2).stderr
    check("good", "--kind", "dataset", code=0)


def test_a_name_that_two_distributions_offer_is_checked_for_both(sets):
    sets.install("other-sets", PARTS, version="0.5")
    sets.discover()
    heads = [line for line in lines_of(check("good", code=0)) if line.startswith("dataset")]
    assert heads == ["dataset good (other-sets 0.5)", "dataset good (some-sets 0.3)"]
    lines = lines_of(check("good@other-sets", code=0))
    assert [line for line in lines if line.startswith("dataset")] == heads[:1]
