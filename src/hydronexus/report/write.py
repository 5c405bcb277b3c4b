"""Writing of the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import pandas as pd
import yaml

from hydronexus.config import Study
from hydronexus.figures.basin import CAPTIONS as BASIN_CAPTIONS
from hydronexus.figures.storm import CAPTION as STORM_CAPTION
from hydronexus.figures.study import CAPTIONS as STUDY_CAPTIONS
from hydronexus.report import pages
from hydronexus.report.summary import (
    MODEL_NAMES,
    closure_table,
    grouped_notes,
    heterogeneity_table,
    interval,
    interval_table,
    number,
    probe_table,
    skill_medians,
    skill_table,
    storm_table,
    summary,
    uneven_table,
)

PROBED = ("nexus_closed", "lstm", "gr4j", "prescribed")


def write_report(
    tables: dict[str, pd.DataFrame],
    study: Study,
    figures_dir: str,
    basins: list[str],
    path: str | Path,
    versions: Mapping[str, str],
    notes: Mapping[str, Sequence[str]],
) -> None:
    """Write a study's report as one HTML page; nothing in it is fetched from a network.

    Parameters
    ----------
    tables : dict of pandas.DataFrame
        From :func:`hydronexus.evaluation.aggregate.aggregate`.
    study : Study
        The configuration, shown as YAML.
    figures_dir : str
        Folder of figures relative to the report: `{name}.png` of the study, `{basin}/{name}.png` of basins,
        `precipitation/{grid}.png` of grids.
    basins : list of str
        All basins of the study, quarantined ones included.
    path : str or Path
        Target file; it appears whole or not at all.
    versions : mapping of str
        Software by name.
    notes : mapping of list of str
        What a reader should know of the data of each basin.
    """
    environment = pages.environment()
    environment.filters["number"] = number
    environment.globals["interval"] = interval
    # Folder names may hold characters that mean something in a link.
    environment.globals["figure"] = lambda *parts: quote(str(PurePosixPath(figures_dir, *parts)) + ".png")
    failed = tables["quarantine"].set_index("basin")["reason"].to_dict()
    models = [model for model in MODEL_NAMES if model in set(tables["metrics"]["model"])]
    skill = skill_table(tables["metrics"], models)
    median_label, medians = skill_medians(skill, set(tables["recovery"]["basin"]))
    html = environment.get_template("report.html.j2").render(
        study=study.study,
        summary=summary(tables, basins),
        claims=tables["claims"].to_dict("records"),
        quarantine=tables["quarantine"].to_dict("records"),
        models=[MODEL_NAMES[model] for model in models],
        skill=skill,
        median_label=median_label,
        medians=medians,
        closure=closure_table(tables["closure"]),
        probed=[MODEL_NAMES[model] for model in models if model in PROBED],
        probes=probe_table(tables["probes"], [model for model in models if model in PROBED]),
        intervals=interval_table(tables["intervals"]).to_dict("records"),
        recovery=tables["recovery"].to_dict("records"),
        responses=tables["responses"].to_dict("records"),
        laws=tables["responses"].dropna(subset="field_cross_validated").to_dict("records"),
        drivers=tables["drivers"].dropna(subset="rho").to_dict("records"),
        uneven=uneven_table(tables["uneven_rain"]).to_dict("records"),
        grids=_grids(tables, list(study.precipitation_grids)),
        storm_caption=STORM_CAPTION,
        basins=basins,
        failed=failed,
        basin_captions=BASIN_CAPTIONS,
        study_captions=STUDY_CAPTIONS,
        notes=grouped_notes(notes),
        versions=versions,
        configuration=yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    )
    pages.write(html, path)


def _grids(tables: dict[str, pd.DataFrame], names: Sequence[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Rows of both tables of every grid; a grid whose basins all failed has none."""
    heterogeneity, storms = tables["heterogeneity"], tables["storms"]
    return {
        name: {
            "heterogeneity": heterogeneity_table(heterogeneity[heterogeneity["grid"] == name]).to_dict("records"),
            "storms": storm_table(storms[storms["grid"] == name]).to_dict("records"),
        }
        for name in names
    }
