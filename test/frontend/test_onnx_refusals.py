"""Every bad model is refused with one line that names the place."""

from collections.abc import Callable

import pytest
from bad_models import BAD
from onnx import ModelProto
from onnx_graphs import network, qcdq_network

from qnn_ir.errors import UserError
from qnn_ir.frontend.onnx import import_model


@pytest.mark.parametrize("name", BAD)
def test_bad_model_is_refused(name: str) -> None:
    content, words = BAD[name]
    with pytest.raises(UserError) as caught:
        import_model(content)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    for word in words:
        assert word in message


@pytest.mark.parametrize("control", [network, qcdq_network])
def test_what_they_mutate_is_accepted(control: Callable[[], ModelProto]) -> None:
    import_model(control().SerializeToString()).verify()
