"""A figure that says in words why there is nothing to draw."""

import textwrap

from matplotlib.figure import Figure

from hydronexus.figures.style import new_figure, styled


@styled
def notice(title: str, text: str) -> Figure:
    """A small figure with a title and a wrapped text, both shown literally.

    Parameters
    ----------
    title, text : str
        For example a quarantined basin and the reason.
    """
    lines = [line for part in text.splitlines() for line in (textwrap.wrap(part, 100) or [""])]
    figure = new_figure(1.0 + 0.24 * len(lines))
    top = figure.get_figheight()
    figure.text(0.03, 1 - 0.25 / top, title, weight="bold", fontsize="large", va="top")
    figure.text(0.03, 1 - 0.7 / top, "\n".join(lines), va="top")
    return figure
