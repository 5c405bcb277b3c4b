"""The encoder in machine code is the library's LSTM, value and gradient."""

import pytest
import torch

from hydronexus.model.encoder import Encoder, ScanEncoder

SCALES = torch.tensor([50.0, 2.0, 100.0, 50.0])


def _run(encoder, features, way):
    proposals = way(encoder, features)
    weights = torch.linspace(-1, 1, proposals.numel(), dtype=proposals.dtype).view_as(proposals)
    return proposals, torch.autograd.grad((proposals * weights).sum(), list(encoder.parameters()))


def _library(encoder, features):
    return (encoder.read(encoder.hidden(features)) * encoder.scales).movedim(-1, 0)


@pytest.mark.parametrize(("double", "tolerance"), [(True, 1e-12), (False, 1e-5)])
@pytest.mark.parametrize(("windows", "steps", "hidden"), [(1, 1, 3), (9, 50, 24), (17, 33, 7)])
def test_machine_code_is_the_librarys_lstm(windows, steps, hidden, double, tolerance):
    kind = torch.float64 if double else torch.float32
    features = torch.randn(2, windows, steps, 5, generator=torch.Generator().manual_seed(0)).to(kind)
    encoder = Encoder([0, 1], 5, hidden, SCALES).to(kind)
    found, expected = (_run(encoder, features, way) for way in (Encoder.__call__, _library))
    torch.testing.assert_close(found[0], expected[0], rtol=tolerance, atol=tolerance * 10)
    for one, other in zip(found[1], expected[1], strict=True):
        assert float((one - other).abs().max()) <= 5 * tolerance * float(other.abs().max())


def test_members_step_together_as_the_librarys_lstm_does():
    features = torch.randn(3, 4, 20, 5, dtype=torch.float64)
    encoder = Encoder([0, 1, 2], 5, 6, SCALES).double()
    torch.testing.assert_close(encoder.grouped(features), encoder.hidden(features))


def test_a_seed_gives_the_same_start_in_any_company():
    alone, beside = Encoder([4], 5, 6, SCALES), Encoder([1, 4], 5, 6, SCALES)
    for one, other in zip(alone.parameters(), beside.parameters(), strict=True):
        assert torch.equal(one[0], other[1])


def test_the_scan_encoder_is_its_recurrence():
    encoder = ScanEncoder([0, 1], 5, 6, SCALES).double()
    features = torch.randn(2, 3, 20, 5, dtype=torch.float64)
    units = features
    for layer in encoder.layers:
        state, states = torch.zeros(2, 3, 6, dtype=torch.float64), []
        for t in range(20):
            gate, candidate = (units[:, :, t] @ layer[:, :-1] + layer[:, -1:]).chunk(2, -1)
            keep = torch.sigmoid(gate)
            state = keep * state + (1 - keep) * torch.tanh(candidate)
            states.append(state)
        units = torch.stack(states, 2)
    torch.testing.assert_close(encoder.hidden(features), units)


def test_a_seed_gives_the_scan_encoder_the_same_start_in_any_company():
    alone, beside = ScanEncoder([4], 5, 6, SCALES), ScanEncoder([1, 4], 5, 6, SCALES)
    for one, other in zip(alone.parameters(), beside.parameters(), strict=True):
        assert torch.equal(one[0], other[1])
