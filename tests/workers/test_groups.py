"""How workers meet and agree, in threads of one process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.workers.processes import free_port
from vaekit.errors import UserError, VaekitError, WorkerLostError
from vaekit.workers import Group, Place, joining, place_here, refuse_uneven

SAME = {"Python": "3.11.1", "keras": "3.15"}


def together(
    size: int, work: Callable[[Group], Any], abouts: list[dict[str, str]] | None = None
) -> list[Any]:
    """What each of so many workers makes of its group, or the error that it ends by."""
    port = free_port()
    results: list[Any] = [None] * size

    def one(rank: int) -> None:
        place = Place(rank, size, 0, "127.0.0.1", port)
        try:
            links, _ = joining._meet(place, (abouts or [SAME] * size)[rank])
            results[rank] = work(Group(place, links))
            for link in links.values():
                link.close()
        except Exception as error:
            results[rank] = error

    threads = [threading.Thread(target=one, args=[rank]) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


class Variable:
    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value, "float32")

    def numpy(self) -> np.ndarray:
        return self.value

    def assign(self, value: np.ndarray) -> None:
        self.value = value


def test_all_hear_the_same() -> None:
    assert together(3, lambda group: group.exchange(group.rank)) == [[0, 1, 2]] * 3
    assert together(3, lambda group: group.from_leader(lambda: group.rank + 7)) == [7] * 3


def test_variables_become_the_first_ones() -> None:
    def work(group: Group) -> np.ndarray:
        variables = [Variable(np.full((2, 3), group.rank + 0.1)), Variable(group.rank)]
        group.share(variables)
        group.refuse_unequal(variables)
        return np.append(variables[0].value.ravel(), variables[1].value)

    for values in together(2, work):
        np.testing.assert_array_equal(values, np.float32([*[0.1] * 6, 0.0]))


def test_unequal_weights_end_all() -> None:
    def work(group: Group) -> None:
        group.refuse_unequal([Variable([1.0, np.nextafter(1.0, 2.0, dtype="f") * group.rank])])

    for error in together(2, work):
        assert isinstance(error, VaekitError)
        assert "worker 1 are not those of worker 0" in str(error)


def test_what_one_fails_with_ends_all() -> None:
    def work(group: Group) -> None:
        with group.together():
            if group.rank == 2:
                raise UserError("No such data.")
            group.exchange(None)

    errors = together(3, work)
    assert [type(error) for error in errors] == [UserError] * 3
    assert [str(error) for error in errors[:2]] == ["Worker 2: No such data."] * 2


def test_one_that_is_gone_ends_all() -> None:
    lost = together(2, lambda group: group._links[0].close() if group.rank else group.exchange(1))
    assert isinstance(lost[0], WorkerLostError)
    assert "Worker 1 of 2 is gone" in str(lost[0])


@pytest.mark.parametrize("name", ["Python", "keras"])
def test_unequal_versions_are_refused(name: str) -> None:
    errors = together(2, lambda group: None, [SAME, {**SAME, name: "4.0"}])
    assert [type(error) for error in errors] == [UserError] * 2
    for error in errors:
        assert f"worker 0 has {name} {SAME[name]}, and worker 1 has 4.0" in str(error)


def test_who_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(joining.SECONDS_VARIABLE, "0.3")
    place = Place(0, 3, 0, "127.0.0.1", free_port())
    with pytest.raises(UserError, match=r"Of 3 workers, 1, 2 did not come to 127\.0"):
        joining._meet(place, SAME)
    with pytest.raises(UserError, match=r"Worker 0 could not be reached at 127\.0"):
        joining._meet(place._replace(rank=1), SAME)


def test_strangers_are_turned_away() -> None:
    port = free_port()
    place = Place(0, 2, 0, "127.0.0.1", port)
    results: list[Any] = []
    first = threading.Thread(target=lambda: results.append(joining._meet(place, SAME)))
    first.start()
    for content in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 7 + b"\x02{}", b""):
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)) as link:
                    link.sendall(content)
                break
            except ConnectionRefusedError:
                continue
    joining._meet(place._replace(rank=1), SAME)
    first.join(30)
    assert [*results[0][0]] == [1]


TORCHRUN = {
    "RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "10.0.0.1",
    "MASTER_PORT": "29500",
}
SLURM = {
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "2",
    "SLURM_NTASKS": "4",
    "SLURM_LOCALID": "0",
    "MASTER_ADDR": "10.0.0.1",
    "MASTER_PORT": "29500",
}


def test_places() -> None:
    assert place_here(None, TORCHRUN) == Place(1, 4, 1, "10.0.0.1", 29500)
    elastic = {**TORCHRUN, "TORCHELASTIC_RUN_ID": "x"}  # torchrun itself listens there
    assert place_here(4, elastic) == Place(1, 4, 1, "10.0.0.1", 29501)
    assert place_here(4, SLURM) == Place(2, 4, 0, "10.0.0.1", 29500)
    assert place_here(None, SLURM) is None  # a script that runs once has the variables too
    assert place_here(1, TORCHRUN) is None
    assert place_here(2, {}) is None


@pytest.mark.parametrize(
    ("workers", "changed", "message"),
    [
        (2, {}, "workers=2 asks for 2, and WORLD_SIZE says that there are 4"),
        (None, {"RANK": "four"}, "RANK is 'four'"),
        (None, {"RANK": "4"}, "RANK is 4, of 4 workers that are counted from 0"),
        (None, {"MASTER_ADDR": None}, "set MASTER_ADDR and MASTER_PORT"),
    ],
)
def test_places_that_make_no_sense(
    workers: int | None, changed: dict[str, str | None], message: str
) -> None:
    environ = {name: value for name, value in {**TORCHRUN, **changed}.items() if value is not None}
    with pytest.raises(UserError, match=message):
        place_here(workers, environ)


def test_shares_are_equal() -> None:
    refuse_uneven(32, 4)
    with pytest.raises(UserError, match="batch_size 30 or 33"):
        refuse_uneven(32, 3)
    with pytest.raises(UserError, match="batch_size 64"):
        refuse_uneven(32, 64)
