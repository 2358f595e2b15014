"""Ends that a run must survive: no room, signals, a second writer, no right to write."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest

from tests.faults.forks import serving
from tests.faults.test_exact_resume import EPOCHS, STEPS, TRAIN, result, wait_for_step
from vaekit.checkpoint import latest_checkpoint, read_checkpoint
from vaekit.run import verify_run

OFTEN = ("--checkpoint-every", "1step")


@pytest.fixture(scope="module", params=["tensorflow", "torch"])
def server(request):
    with serving(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def whole(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    code, out = server.run(*TRAIN, folder=folder)
    assert code == 0, out
    return folder


def left_over(folder):
    return list(folder.rglob(".writing-*"))


@pytest.fixture
def small_disk(whole, tmp_path):
    """A file system with room for some checkpoints, and not for the models besides."""
    needed = sum(path.stat().st_size for path in (whole / "run").rglob("*") if path.is_file())
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={needed * 7 // 10}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def is_no_room(folder, code, out):
    assert code == 1, out
    last = out.splitlines()[-1]
    assert last.startswith("vaekit: No room left to write run/"), out
    assert "Traceback" not in out
    assert left_over(folder) == []


def test_a_full_disk_leaves_the_last_checkpoint_whole(server, whole, small_disk):
    code, out = server.run(*TRAIN, *OFTEN, folder=small_disk)
    is_no_room(small_disk, code, out)
    steps = read_checkpoint(latest_checkpoint(small_disk / "run" / "checkpoints")).position.steps
    assert steps > 0
    assert verify_run(small_disk / "run") == []
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    code, out = server.run("resume", "run", folder=small_disk)
    assert code == 0, out
    assert result(small_disk) == result(whole)


def test_a_limit_on_files_leaves_the_last_checkpoint_whole(server, whole, tmp_path):
    """`ulimit -f`, a byte less than a checkpoint takes."""
    arrays = max(path.stat().st_size for path in (whole / "run").rglob("state.npz"))
    shutil.copytree(whole / "run", tmp_path / "run")
    before = latest_checkpoint(tmp_path / "run" / "checkpoints")
    code, out = server.run(
        *("resume", "run", "--epochs", EPOCHS + 1), folder=tmp_path, file_limit=arrays - 1
    )
    is_no_room(tmp_path, code, out)
    assert latest_checkpoint(tmp_path / "run" / "checkpoints") == before
    assert read_checkpoint(before).position.steps == EPOCHS * STEPS
    assert verify_run(tmp_path / "run") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_within_a_step_saves_and_has_its_code(server, whole, tmp_path, number, code):
    job = server.start(*TRAIN, *OFTEN, folder=tmp_path)
    wait_for_step(tmp_path / "run" / "steps.csv", 3)
    job.signal(number)
    assert job.wait() == code, job.out
    assert job.out.splitlines()[-1].startswith("Stopped after "), job.out
    state = read_checkpoint(latest_checkpoint(tmp_path / "run" / "checkpoints"))
    assert 3 <= state.position.steps < EPOCHS * STEPS
    assert verify_run(tmp_path / "run") == []
    assert server.run("resume", "run", folder=tmp_path)[0] == 0
    assert result(tmp_path) == result(whole)


def test_a_second_writer_is_refused_and_the_first_goes_on(whole, tmp_path):
    with serving("torch") as first, serving("torch") as second:
        job = first.start(*TRAIN, *OFTEN, folder=tmp_path)
        wait_for_step(tmp_path / "run" / "steps.csv", 2)
        for args in (("resume", "run"), (*TRAIN, "--resume")):
            other = tmp_path / "other"
            other.mkdir(exist_ok=True)
            if not (other / "run").exists():
                (other / "run").symlink_to(tmp_path / "run")
            code, out = second.run(*args, folder=other)
            assert code == 2
            assert "Another process is writing into run." in out
        assert job.wait() == 0, job.out
    assert verify_run(tmp_path / "run") == []


def test_a_clock_that_was_set_back_has_no_say(server, whole, tmp_path):
    run = shutil.copytree(whole / "run", tmp_path / "run")
    newest, *_ = sorted((run / "checkpoints").glob("step-*"), reverse=True)
    for path in [newest, *newest.iterdir(), run / "checkpoints" / "latest"]:
        os.utime(path, (0, 0))
    (run / "checkpoints" / "latest").unlink()
    assert latest_checkpoint(run / "checkpoints") == newest


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to become someone else")
def test_a_run_that_cannot_be_written_still_loads(server, whole, tmp_path):
    read_only = tmp_path / "mounted"
    read_only.mkdir()
    bind = ["mount", "--bind", str(whole / "run"), str(read_only)]
    if subprocess.run(bind, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(read_only)], check=True)
        (tmp_path / "run").symlink_to(read_only)
        code, out = server.run("resume", "run", "--epochs", EPOCHS + 1, folder=tmp_path)
        assert code == 2
        assert "Can't write " in out
        assert "Traceback" not in out
        assert verify_run(read_only) == []
        assert read_checkpoint(latest_checkpoint(read_only / "checkpoints"))
    finally:
        subprocess.run(["umount", str(read_only)], check=True)
