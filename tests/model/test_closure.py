"""Every way to carry the bucket through time gives the numbers and gradients of plain time stepping."""

from dataclasses import replace

import pytest
import torch

from hydronexus.model.bucket import Bucket, Forcing
from hydronexus.model.closure import parallel, stepwise
from hydronexus.model.compiled import march
from hydronexus.model.stores import STORES

MEMBERS, STEPS = 3, 120


def _case(
    windows: int,
    snow: bool,
    radiation: bool,
    double: bool,
    step: float = 1.0,
    law_size: int = 6,
    heterogeneity: bool = False,
):
    kind = torch.float64 if double else torch.float32
    generator = torch.Generator().manual_seed(3)
    bucket = Bucket([0, 1, 2], step, snow, radiation, heterogeneity, snow, 1, law_size).to(kind)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator).to(kind)

    with torch.no_grad():  # laws far from their start
        for parameter in bucket.parameters():
            parameter += 0.5 * (draw(*parameter.shape) - 0.5)
    shape = (MEMBERS, windows, STEPS)
    rain = torch.where(draw(*shape) < 0.4, 30 * draw(*shape) ** 2, 0.0) * step
    temperature = 30 * draw(*shape) - 12 if snow else None
    shine = draw(*shape) if snow and radiation else None
    demand = 4 * draw(*shape) * step
    unlike = 2 * draw(*shape) - 1 if heterogeneity else None
    forcing = Forcing(rain, demand, temperature, shine, unlike, None)
    guess = {name: 2 * STORES[name].scale * draw(*shape) for name in bucket.store_names}
    return bucket, forcing, guess


def _run(way, bucket, forcing, **options):
    """Stores and fluxes in one order, and gradients of a loss that weighs each of them, guess included."""
    stores, fluxes = way(bucket, forcing, bucket.initial_stores(forcing.precipitation.shape[1]), **options)
    series = [stores[name] for name in bucket.store_names] + [fluxes[name] for name in bucket.flux_names]
    loss = sum((0.3 * x).sin().mul(i + 1).mean() for i, x in enumerate(series))
    inputs = [*bucket.parameters(), *options.get("guess", {}).values()]
    return series, torch.autograd.grad(loss, inputs)


def _assert_same(found, expected, tolerance):
    for one, other in zip(found[0], expected[0], strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance * 100)
    for one, other in zip(found[1], expected[1], strict=True):
        assert float((one - other).abs().max()) <= tolerance * 10 * float(other.abs().max()) + 1e-14


@pytest.mark.parametrize(("double", "tolerance"), [(True, 1e-11), (False, 2e-5)])
@pytest.mark.parametrize(("snow", "radiation"), [(False, False), (True, False), (True, True)])
def test_machine_code_follows_the_closed_loop(snow, radiation, double, tolerance):
    bucket, forcing, _ = _case(5, snow, radiation, double)
    _assert_same(_run(march, bucket, forcing), _run(stepwise, bucket, forcing), tolerance)


def test_machine_code_reads_how_unlike_rain_is():
    bucket, forcing, _ = _case(5, True, True, True, heterogeneity=True)
    expected = _run(stepwise, bucket, forcing)
    _assert_same(_run(march, bucket, forcing), expected, 1e-11)
    even = replace(forcing, heterogeneity=torch.zeros_like(forcing.heterogeneity))
    soil = bucket.store_names.index("soil")
    assert not torch.allclose(_run(march, bucket, even)[0][soil], expected[0][soil])


@pytest.mark.parametrize("windows", [1, 4, 5, 16, 19])
def test_any_number_of_windows_fits_the_lanes(windows):
    bucket, forcing, _ = _case(windows, True, True, True)
    _assert_same(_run(march, bucket, forcing), _run(stepwise, bucket, forcing), 1e-11)


@pytest.mark.parametrize("law_size", [1, 30])
def test_laws_of_any_size_are_compiled(law_size):
    bucket, forcing, _ = _case(3, True, False, True, law_size=law_size)
    _assert_same(_run(march, bucket, forcing), _run(stepwise, bucket, forcing), 1e-11)


def test_an_hourly_step_has_a_kernel_of_its_own():
    for step in (1.0, 1 / 24):
        bucket, forcing, _ = _case(3, True, False, True, step=step)
        _assert_same(_run(march, bucket, forcing), _run(stepwise, bucket, forcing), 1e-11)


@pytest.mark.parametrize("snow", [False, True])
@pytest.mark.parametrize("way", [march, parallel])
def test_a_pass_at_a_guess_is_the_same_in_parallel_and_step_by_step(way, snow):
    bucket, forcing, guess = _case(5, snow, False, True)
    guess = {name: value.requires_grad_() for name, value in guess.items()}
    _assert_same(_run(way, bucket, forcing, guess=guess), _run(stepwise, bucket, forcing, guess=guess), 1e-10)


def test_threads_change_nothing():
    bucket, forcing, _ = _case(40, True, True, False)
    alone = _run(march, bucket, forcing)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        together = _run(march, bucket, forcing)
    finally:
        torch.set_num_threads(before)
    for one, other in zip(alone[0] + list(alone[1]), together[0] + list(together[1]), strict=True):
        assert torch.equal(one, other)


def test_a_member_that_is_not_finite_leaves_the_others_as_they_are():
    bucket, forcing, _ = _case(3, True, True, False)
    series, grads = _run(march, bucket, forcing)
    forcing.precipitation[1, 0, 50] = torch.inf
    broken_series, broken_grads = _run(march, bucket, forcing)
    assert not all(torch.isfinite(grad[1]).all() for grad in broken_grads)
    for one, other in zip(series, broken_series, strict=True):
        assert torch.equal(one[0], other[0])
    for one, other in zip(grads, broken_grads, strict=True):
        torch.testing.assert_close(one[0], other[0])
