"""The 2D network inside the 3D interface: slices know nothing of each other."""

import pytest
import torch
from tiny_networks import tiny_network

from PartialSegLib.errors import UserError


@pytest.fixture(scope="module")
def network():
    return tiny_network("resunet2d")


def test_a_slice_changes_its_own_logits_only(network):
    image = torch.rand(1, 1, 4, 4, 4)
    changed = image.clone()
    changed[:, :, 2] += torch.rand(4, 4)
    with torch.no_grad():
        is_other = (network(image) != network(changed)).flatten(3).any(3)[0].any(0)
    assert is_other.tolist() == [False, False, True, False]


def test_slices_of_a_volume_are_the_slices_one_by_one(network):
    image = torch.rand(2, 1, 3, 4, 6)
    with torch.no_grad():
        single = [network(image[:, :, z : z + 1]) for z in range(3)]
        torch.testing.assert_close(network(image), torch.cat(single, 2), rtol=1e-3, atol=1e-4)


def test_any_number_of_slices(network):
    for slices in (1, 2, 7):
        assert network(torch.zeros(1, 1, slices, 4, 2)).shape[2:] == (slices, 4, 2)
    with pytest.raises(UserError, match="z, y and x must be multiples of 1 x 2 x 2, and the longest at least 4"):
        network(torch.zeros(1, 1, 4, 2, 2))
