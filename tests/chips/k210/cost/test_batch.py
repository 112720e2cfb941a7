"""Many networks at once cost what each costs alone, in every field."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.canvas import Canvas
from dse.chips import judge, price_space
from dse.chips.k210.cost.batch import price_networks
from dse.chips.k210.cost.price import K210Cost, price
from dse.chips.k210.target import K210Target
from dse.network.detector import Network
from dse.space import FORMATS, Candidate, SearchSpace

TARGET = K210Target.load("k210")
SPACE = SearchSpace.load("mobilenetv2_face")

SIDES = st.one_of(st.integers(1, 1040), st.integers(1, 32).map(lambda size: 32 * size))
NETWORKS = st.builds(
    Network,
    breakpoint=st.sampled_from("ABC"),
    width=st.floats(0.1, 1.6).map(lambda width: round(width, 2)),
    input_size=st.one_of(SIDES, st.builds(lambda *sides: Canvas(*sides).input_size, SIDES, SIDES)),
    channels=st.integers(1, 300),
)  # any size: with odd maps, tiny ones, and maps that OutC cannot join


@pytest.mark.slow
@given(st.lists(NETWORKS, min_size=1, max_size=8, unique=True), st.sampled_from(FORMATS))
@settings(max_examples=60)
def test_together_as_alone(networks: list[Network], format: str) -> None:
    costs = price_networks(networks, [format], TARGET)
    assert set(costs) == {(network, format) for network in networks}
    for (network, _), cost in costs.items():
        assert cost == price(network.graph, format, TARGET)


@pytest.mark.slow
@given(NETWORKS)
@settings(max_examples=10)
def test_together_as_alone_for_interleaved_pictures(network: Network) -> None:
    from dataclasses import replace

    target = replace(TARGET, interleaved=not TARGET.interleaved)
    canvas = Canvas.of(network.input_size)
    larger = network._replace(input_size=Canvas(canvas.width + 32, canvas.height).input_size)
    for (one, format), cost in price_networks([network, larger], ["kpu8"], target).items():
        assert cost == price(one.graph, format, target)


@pytest.mark.slow
def test_the_whole_space_together_as_alone() -> None:
    alone: dict[tuple[Network, str], object] = {}
    for priced in price_space(SPACE, TARGET):
        one = priced.candidate
        key = (Network.of(one.training), one.format)
        if key not in alone:
            alone[key] = price(key[0].graph, one.format, TARGET)
        assert priced.cost == alone[key]
        assert priced.verdict == judge(priced.cost, TARGET)


def test_layers_are_there_when_asked_for() -> None:
    (priced,) = price_space([Candidate.parse("A98-a0.5-224-kpu8")], TARGET)
    direct = price(Network.of(priced.candidate.training).graph, "kpu8", TARGET)
    assert isinstance(priced.cost, K210Cost)
    assert [asdict(layer) for layer in priced.cost.layers] == [asdict(x) for x in direct.layers]


def test_what_is_priced_holds_plain_numbers() -> None:
    """NumPy's would not go into JSON."""
    (cost,) = price_networks([Network("C", 0.5, 160)], ["kpu8"], TARGET).values()
    assert {type(value) for value in vars(cost).values() if hasattr(value, "real")} <= {
        int, float, bool,
    }  # fmt: skip
