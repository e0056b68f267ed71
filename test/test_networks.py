"""The generator of random networks against two independent executors."""

import numpy as np
import pytest
from exact_reference import evaluate_exactly, evaluate_qonnx
from hypothesis import HealthCheck, given, settings
from networks import Network, build, networks, random_network


@pytest.mark.parametrize("seed", range(24))
def test_float32_agrees_with_exact_arithmetic(seed: int):
    """Everywhere in a dyadic network; in the others where no decision lies within the noise of float32."""
    network = random_network(seed)
    model, frames = build(network), network.frames(4)
    exact, stable = evaluate_exactly(model, frames)
    sure = np.ones(4, bool) if network.dyadic else stable
    np.testing.assert_allclose(evaluate_qonnx(model, frames)[sure], exact[sure], rtol=1e-5, atol=1e-5)


def test_most_random_frames_are_stable():
    """Otherwise the comparison with float32 executors would be empty."""
    runs = [evaluate_exactly(build(n), n.frames(4))[1] for n in map(random_network, range(40)) if not n.dyadic]
    assert np.concatenate(runs).mean() > 0.5


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks)
def test_every_drawn_network_builds(network: Network):
    """`build` makes a valid model whose output has the declared shape."""
    model = build(network)
    output, _ = evaluate_exactly(model, network.frames(1))
    declared = [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim]
    assert list(output.shape[1:]) == declared


def test_a_seed_names_one_network():
    """Equal seeds give equal bytes, on every run and machine."""
    assert build(random_network(7)).SerializeToString() == build(random_network(7)).SerializeToString()
