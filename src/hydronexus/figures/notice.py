"""A figure that says in words why there is nothing to draw."""

import textwrap

from matplotlib.figure import Figure

from hydronexus.figures.style import new_figure, styled


@styled
def notice(text: str) -> Figure:
    """A small figure of a text shown literally, its first line as the title.

    Parameters
    ----------
    text : str
        For example a quarantined basin, and on the following lines the reason.
    """
    title, *rest = text.splitlines()
    titles = textwrap.wrap(title, 90)
    lines = [line for part in rest for line in (textwrap.wrap(part, 105) or [""])]
    figure = new_figure(0.6 + 0.27 * len(titles) + 0.24 * len(lines))
    top = figure.get_figheight()
    figure.text(0.03, 1 - 0.25 / top, "\n".join(titles), weight="bold", fontsize="large", va="top")
    figure.text(0.03, 1 - (0.4 + 0.27 * len(titles)) / top, "\n".join(lines), va="top")
    return figure
