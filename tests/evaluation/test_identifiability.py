"""Verdicts follow from how members agree, and are never given where agreement cannot be trusted."""

import numpy as np
import pytest

from hydronexus.evaluation import identifiability
from hydronexus.evaluation.identifiability import VERDICTS, Limits, concord, truth, verdict
from hydronexus.model.stores import step_fluxes

LIMITS = {
    "infiltration": {"identified": Limits(0.05, 0.95), "weak": Limits(0.2, 0.8)},
    "canopy_evaporation": {"weak": Limits(0.2, 0.8)},
    "interflow": {},
    "melt": {"identified": Limits(1.0, 0.0, share=0.2), "weak": Limits(1.0, 0.0)},
}


def members(spread: float, noise: float, seeds: int = 40, days: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(0)
    shared = rng.gamma(1.0, 1.0, days)
    scales = 1 + spread * rng.standard_normal(seeds)
    return scales[:, None] * (shared + noise * rng.standard_normal((seeds, days)))


def test_concord_measures_spread_and_agreement():
    spread, agreement = concord(members(0.1, 0.5))
    assert spread == pytest.approx(0.1, rel=0.25)
    assert agreement == pytest.approx(1 / 1.25, abs=0.03)  # variance 1 shared, 0.25 of each own


def test_identical_members_agree_wholly():
    spread, agreement = concord(np.tile(np.random.default_rng(0).random(50), (3, 1)))
    assert spread == pytest.approx(0)
    assert agreement == pytest.approx(1)


@pytest.mark.parametrize("flux", [np.ones((1, 50)), np.zeros((3, 50))])
def test_one_member_or_no_flux_is_not_assessed(flux):
    assert verdict("infiltration", *concord(flux), limits=LIMITS) == "not assessed"


@pytest.mark.parametrize(
    ("flux", "spread", "agreement", "said"),
    [
        ("infiltration", 0.04, 0.97, "identified"),
        ("infiltration", 0.04, 0.9, "weak"),
        ("infiltration", 0.3, 0.97, "unidentified"),
        ("infiltration", 0.04, np.nan, "unidentified"),
        ("canopy_evaporation", 0.0, 1.0, "weak"),
        ("interflow", 0.0, 1.0, "unidentified"),
        ("frost", 0.0, 1.0, "not assessed"),
    ],
)
def test_verdicts_keep_within_the_limits_of_their_flux(flux, spread, agreement, said):
    assert verdict(flux, spread, agreement, limits=LIMITS) == said


@pytest.mark.parametrize(("share", "said"), [(0.3, "identified"), (0.1, "weak"), (np.nan, "unidentified")])
def test_a_flux_must_carry_the_share_of_rain_its_limits_ask_for(share, said):
    assert verdict("melt", 0.1, 0.9, share, LIMITS) == said


def test_a_share_that_is_not_known_meets_no_limit_that_asks_for_one():
    assert verdict("melt", 0.1, 0.9, limits=LIMITS) == "weak"


def test_every_flux_that_is_inferred_has_been_calibrated():
    given = {"rain", "snowfall", "precipitation_correction", "streamflow"}
    assert set(identifiability.LIMITS) == set(step_fluxes(True, True)) - given


def test_only_the_better_verdicts_have_limits():
    assert {name for own in identifiability.LIMITS.values() for name in own} <= set(VERDICTS[:-1])


def test_canopy_evaporation_is_never_identified_however_members_agree():
    assert verdict("canopy_evaporation", 0.0, 1.0, 1.0) == "unidentified"


@pytest.mark.parametrize(
    ("error", "correlation", "word"),
    [
        (-10, 0.9, "identified"),
        (11, 0.99, "weak"),
        (5, 0.8, "weak"),
        (30, 0.99, "unidentified"),
        (0, 0.5, "unidentified"),
    ],
)
def test_the_words_have_a_meaning_where_the_truth_is_known(error, correlation, word):
    assert truth(error, correlation) == word
