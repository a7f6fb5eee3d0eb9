"""Settings from mappings: names, types and ranges checked, each fault one sentence."""

from dataclasses import dataclass
from typing import Literal

import pytest

from gazeanalytics.settings import Settings
from gazeanalytics.tables import InputError


@dataclass(frozen=True, slots=True)
class Inner(Settings):
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Choices(Settings):
    method: Literal["a", "b"] = "a"
    weight: float | None = None
    sizes: tuple[int, ...] = (1, 2)
    box: tuple[float, float] = (0.0, 1.0)
    inner: Inner = Inner()

    def __post_init__(self):
        if self.weight is not None and self.weight < 0:
            raise ValueError(f"weight must be at least 0; got {self.weight}")


def test_a_mapping_becomes_settings_and_settings_stay_as_they_are():
    made = Choices.from_mapping({"method": "b", "weight": 2, "sizes": [3], "box": [1, 2.5], "inner": {"depth": 4}})
    assert made == Choices("b", 2.0, (3,), (1.0, 2.5), Inner(4))
    assert isinstance(made.weight, float)
    assert Choices.given(made) is made
    assert Choices.given(None) == Choices() == Choices.given({})
    assert Choices(**made.as_dict()) == made


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"metod": "a"}, "study.toml: 'metod' is not known; did you mean 'method'?"),
        ({"method": "c"}, "study.toml: 'method' expected one of 'a', 'b'; got 'c'"),
        ({"weight": float("nan")}, "study.toml: 'weight' expected a number; got nan"),
        ({"weight": True}, "study.toml: 'weight' expected a number; got True"),
        ({"weight": -1}, "study.toml: weight must be at least 0; got -1.0"),
        ({"sizes": [1, "2"]}, "study.toml: 'sizes' expected a list of a whole number; got [1, '2']"),
        ({"box": [1]}, "study.toml: 'box' expected a list of a number and a number; got [1]"),
        ({"inner": {"dept": 1}}, "settings: 'dept' is not known; did you mean 'depth'?"),
    ],
)
def test_faults_are_one_sentence(values, message):
    with pytest.raises(InputError) as caught:
        Choices.from_mapping(values, place="study.toml")
    assert str(caught.value) == message


def test_what_is_neither_settings_nor_a_mapping_is_refused():
    with pytest.raises(TypeError, match="expected Choices or a mapping; got int"):
        Choices.given(3)
