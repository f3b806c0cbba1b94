import numpy as np
import pytest
import torch
from torch import nn

from fovea_teacher import Layer, Network
from fovea_teacher.errors import TargetsError
from fovea_teacher.network import refuse_probabilities


def small(*tail):
    torch.manual_seed(1)
    body = [nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(5, 6, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4), *tail)


def images():
    return torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(2))


def test_before_gap_and_linear_the_map_is_closed_form():
    module = small()
    seen = Network(module, [Layer("3")]).run(images())
    with torch.no_grad():
        a = module[:4](images())
        weight = module[6].weight
        expected = torch.einsum("ck,nkhw->nkchw", weight, a).div(49).relu().sum(1).permute(0, 2, 3, 1)
    np.testing.assert_allclose(seen.attention[0], expected.numpy(), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(seen.pooled, a.mean((2, 3)).numpy(), rtol=1e-5)
    np.testing.assert_allclose(seen.logits, module(images()).detach().numpy(), rtol=1e-6)


def test_an_activation_keeps_its_negative_values_before_an_in_place_relu():
    module = small()
    seen = Network(module, [Layer("2")], [Layer("2")]).run(images())
    assert (seen.features[0] < 0).any()
    # The gradient at the convolution is that behind the ReLU, masked.
    with torch.no_grad():
        a = module[2](module[:2](images()))
        gradient = torch.einsum("ck,nkhw->nckhw", module[6].weight, (a > 0).float()).div(49).mean((3, 4), keepdim=True)
        expected = (gradient * a[:, None]).relu().sum(2).permute(0, 2, 3, 1)
    np.testing.assert_allclose(seen.attention[0], expected.numpy(), rtol=1e-5, atol=1e-7)


def test_forms_differ_as_they_should():
    maps = {form: Network(small(), [Layer("2")], form=form).run(images()).attention[0] for form in ("signed", "relu", "positive")}
    np.testing.assert_array_equal(maps["relu"], np.maximum(maps["signed"], 0))
    assert (maps["positive"] >= maps["relu"] - 1e-7).all() and (maps["signed"] < 0).any()


def test_a_softmax_at_the_end_is_left_out():
    plain, soft = Network(small(), [Layer("3")]), Network(small(nn.Softmax(1)), [Layer("3")])
    a, b = plain.run(images()), soft.run(images())
    np.testing.assert_array_equal(a.logits, b.logits)
    np.testing.assert_array_equal(a.attention[0], b.attention[0])
    assert soft.head is soft.module[6]


def test_no_head_where_no_linear_makes_the_logits():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Network(module, [Layer("0")])
    assert network.run(images()).pooled is None and network.head is None


def test_what_cannot_be_used_is_named():
    with pytest.raises(TargetsError, match="no layer 'x'"):
        Network(small(), [Layer("x")])
    with pytest.raises(TargetsError, match="not .n, channels, height, width"):
        Network(small(), [Layer("6")]).run(images())
    with pytest.raises(TargetsError, match="no form"):
        Network(small(), [Layer("3")], form="jet")
    with pytest.raises(TargetsError, match="no level"):
        Layer.parse("a.b=1")
    assert Layer.parse("a.b=-2") == Layer("a.b", -2) and Layer.parse("a.b") == Layer("a.b")


class Functional(nn.Module):
    """A module whose softmax is no module."""

    def __init__(self, last):
        super().__init__()
        self.body, self.last = small(), last

    def forward(self, x):
        return self.last(self.body(x))


def test_a_softmax_inside_forward_is_refused():
    def scores(last):
        return Network(Functional(last), [Layer("body.3")]).run(images()).logits

    refuse_probabilities(scores(lambda z: z))
    refuse_probabilities(scores(lambda z: z.abs()))
    for last, words in [(torch.softmax, "like probabilities"), (torch.log_softmax, "like logarithms of probabilities")]:
        with pytest.raises(TargetsError, match=words):
            refuse_probabilities(scores(lambda z, last=last: last(z, 1)))
    # One class: a score of exactly 1 says nothing. One image of several that sums to something else does.
    refuse_probabilities(np.ones((2, 1), np.float32))
    refuse_probabilities(np.array([[0.5, 0.5], [0.5, 0.6]], np.float32))


def test_layers_that_fovea_s_reader_would_refuse_are_refused_before_running():
    for kind in ("--layer", "--features"):
        twice = [Layer("2", -1), Layer("2", -2)]
        with pytest.raises(TargetsError, match=f"{kind} names the layer '2' twice"):
            Network(small(), *([twice] if kind == "--layer" else [[Layer("3")], twice]))
    Network(small(), [Layer("2")], [Layer("2")])
    many = nn.Sequential(*(nn.Identity() for _ in range(65)))
    with pytest.raises(TargetsError, match="names 65 layers; 64 is the most"):
        Network(many, [Layer(str(i)) for i in range(65)])
