"""Block bootstrap of responses: whole blocks of rows are drawn again, as their normal equations."""

import numpy as np

from hydronexus.erra import noise, ridge
from hydronexus.erra.design import Layout

FEWEST = 5


def response_covariance(
    grams: np.ndarray, layout: Layout, solution: ridge.Solution, count: int, seed: int
) -> np.ndarray:
    """Covariance of the responses over replicates, of given order of noise and strength of regularisation.

    Parameters
    ----------
    grams : numpy.ndarray
        Normal equations of every block, shape (block, size + 1, size + 1).
    layout : Layout
    solution : ridge.Solution
        Its penalty is that of every replicate.
    count : int
        Number of replicates.
    seed : int

    Returns
    -------
    numpy.ndarray
        Shape (channel, lags, channel, lags).

    Raises
    ------
    ValueError
        If there are fewer than five blocks.
    """
    blocks = len(grams)
    if blocks < FEWEST:
        raise ValueError(f"a bootstrap of {blocks} block(s) says nothing; give a shorter block or a longer record")
    drawn = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=count)
    found = np.array(
        [
            noise.responses(
                ridge.solve(np.tensordot(times, grams, 1), solution.penalty, solution.strength).coefficients, layout
            )
            for times in drawn
        ]
    )
    shape = (layout.channels, layout.lags)
    few = blocks / (blocks - 1)  # the draws vary about the mean of the blocks, not about the truth
    return few * np.cov(found.reshape(count, -1), rowvar=False).reshape(*shape, *shape)
