from typing import Any

import pytest

from dotbench.config.simulation import SimulationChoice, resolve_simulation
from dotbench.runs.method import WrongChoice


@pytest.mark.parametrize(
    ("simulation", "study", "settings", "key", "repeated"),
    [
        ("t2rec-table1", "t2rec", {"dimensions": [20, 20]}, "dimensions", "20"),
        ("t2rec-depth", "t2rec", {"depths": [2, 3, 2]}, "depths", "2"),
        ("t2rec-width", "t2rec", {"learning_rates": [0.01, 0.01]}, "learning_rates", "0.01"),
        ("nimc-tensor", "nimc", {"pairs": [10000, 10000]}, "pairs", "10000"),
        ("nimc-contraction", "nimc", {"models": ["tanh", "tanh"]}, "models", "'tanh'"),
    ],
)
def test_a_value_that_is_listed_twice_is_refused(
    simulation: str, study: str, settings: dict[str, Any], key: str, repeated: str
) -> None:
    with pytest.raises(WrongChoice) as caught:
        resolve_simulation(SimulationChoice(simulation=simulation, set=settings), study)
    assert caught.value.key == ("set", key)
    assert str(caught.value) == f"found {repeated} more than once; allowed is every value once"


def test_every_list_of_its_own_may_be_given() -> None:
    found = resolve_simulation(SimulationChoice(simulation="t2rec-depth", set={"depths": [2, 3]}), "t2rec")
    assert found.settings.depths == [2, 3]
