"""Adam: the steps of torch's, to the bit, without importing its compiler."""

import subprocess
import sys

import pytest
import torch

from dotbench.solvers.adam import Adam


def parameters(seed: int) -> "list[torch.Tensor]":
    generator = torch.Generator().manual_seed(seed)
    shapes = [(30, 8), (50, 8), (1,), (7, 3, 2)]
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def gradients(values: "list[torch.Tensor]", step: int) -> None:
    """Each step's own; the third parameter has none in every second step."""
    generator = torch.Generator().manual_seed(step)
    for index, value in enumerate(values):
        value.grad = torch.randn(value.shape, generator=generator) if index != 2 or step % 2 else None


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_every_step_is_that_of_torch(decay: float) -> None:
    ours, theirs = parameters(0), parameters(0)
    own = Adam([(ours[:2], decay), (ours[2:], 0.0)], 0.03)
    groups = [{"params": theirs[:2], "weight_decay": decay}, {"params": theirs[2:], "weight_decay": 0.0}]
    reference = torch.optim.Adam(groups, lr=0.03, fused=True)
    for step in range(20):
        gradients(ours, step)
        gradients(theirs, step)
        own.step()
        reference.step()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True)), step


def test_a_step_from_the_formula() -> None:
    """The first: m̂ = g, v̂ = g², so that every entry moves by η against the sign of its gradient."""
    [value] = [torch.tensor([1.0, -2.0], requires_grad=True)]
    value.grad = torch.tensor([0.3, -0.001])
    Adam([([value], 0.0)], 0.1).step()
    assert value.tolist() == pytest.approx([0.9, -1.9], abs=1e-5)


def test_it_goes_on_from_a_state() -> None:
    whole, halves = parameters(1), parameters(1)
    one, first = Adam([(whole, 0.1)], 0.02), Adam([(halves, 0.1)], 0.02)
    for step in range(6):
        if step == 3:
            second = Adam([(halves, 0.1)], 0.02)
            second.restore([None if kept is None else tuple(x.clone() for x in kept) for kept in first.state()])
            first = second
        for optimizer, values in ((one, whole), (first, halves)):
            gradients(values, step)
            optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(whole, halves, strict=True))


def test_nothing_moves_without_a_gradient() -> None:
    values = parameters(2)
    before = [value.detach().clone() for value in values]
    optimizer = Adam([(values, 0.5)], 0.1)
    gradients(values, 0)
    optimizer.zero_grad()
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(values, before, strict=True))


@pytest.mark.slow
def test_a_fit_does_not_import_the_compiler(workdir) -> None:
    text = (
        "import sys; from dotbench.cli.main import app\n"
        "try: app(['fit', '--dataset', 'sim-tiny', '--model', 'mf', '--loss', 'bpr', '--out', 'out'])\n"
        "except SystemExit as end: assert not end.code\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", text], text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
