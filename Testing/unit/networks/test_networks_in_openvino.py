"""Every network runs in OpenVINO, and labels as torch does."""

import numpy as np
import pytest
import torch
from tiny_networks import OPTIONS, tiny_network

from PartialSegLib.inference import openvino_backend

openvino = pytest.importorskip("openvino")

# No axis as long as another, so that none can be mistaken for another; larger than what conversion looks at.
WINDOWS = {
    "unet": (8, 4, 6),
    "transunet": (48, 16, 32),
    "unetpp": (48, 16, 32),
    "swin_unetr": (96, 32, 64),
    "mednext": (48, 16, 32),
    "segresnet": (8, 4, 6),
    "resunet2d": (5, 4, 8),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_labels_are_those_of_torch(name):
    network, image = tiny_network(name), torch.rand(1, 1, *WINDOWS[name])
    model = openvino_backend.convert(network, WINDOWS[name])
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    request = openvino_backend._openvino().Core().compile_model(model, "CPU", options).create_infer_request()
    with torch.no_grad():
        expected = network(image).numpy()
    logits = request.infer({0: image.numpy()})[0]
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-3 * expected.std())
    assert (logits.argmax(1) == expected.argmax(1)).mean() > 0.999
