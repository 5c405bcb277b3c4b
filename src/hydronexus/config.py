"""The study's configuration: one light model that is the source of defaults, checks, schema and documentation."""

import difflib
import json
import unicodedata
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hydronexus.errors import ConfigurationError

Format = Literal[
    "camels_us", "camels_de", "caravan_csv", "caravan_netcdf", "netcdf", "csv", "parquet", "example", "virtual"
]
LONGEST_NAME = 64  # characters of a study, a dataset or an id: files named after a basin hold two of them
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=LONGEST_NAME)]
Positive = Annotated[int, Field(gt=0)]
Period = tuple[date, date]


class Section(BaseModel):
    """A block of the configuration that accepts no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


def fit_for_files(basin: str) -> str:
    """An id that can be part of a file's name, and lead to no other folder.

    Raises
    ------
    ValueError
    """
    if not basin or not all(c.isalnum() or c in "._-" for c in basin) or basin.startswith("."):
        raise ValueError(f"basin id {basin!r} may hold letters, digits, '_', '-' and '.' only")
    if len(basin.encode()) > LONGEST_NAME:
        raise ValueError(f"basin id {basin[:20]!r}... is longer than {LONGEST_NAME} bytes")
    if unicodedata.normalize("NFKC", basin) != basin:
        raise ValueError(f"basin id {basin!r} holds letters that look like others; write {basin!a} plainly")
    return basin


def _nameable(path: Any) -> Any:
    """A path, or a list of them, that a file system can take."""
    for one in path if isinstance(path, list) else [path]:
        text = str(one)
        if "\0" in text or any(len(part.encode()) > 255 for part in text.split("/")):
            raise ValueError(f"no file can be called {text[:40]!r}{'...' * (len(text) > 40)}")
    return path


class Periods(Section):
    """First and last day, both included, of each part of the split."""

    train: Period = Field(description="Days the weights are fitted to.", examples=[["1999-10-01", "2008-09-30"]])
    validation: Period = Field(description="Days that choose when to stop training.")
    test: Period = Field(description="Days nothing is chosen by; every reported skill comes from here.")

    @field_validator("train", "validation", "test")
    @classmethod
    def _ordered(cls, period: Period) -> Period:
        if period[0] >= period[1]:
            raise ValueError(f"the period ends ({period[1]}) before it begins ({period[0]})")
        return period

    @model_validator(mode="after")
    def _disjoint(self) -> "Periods":
        spans = sorted((getattr(self, name), name) for name in ("train", "validation", "test"))
        for (first, first_name), (second, second_name) in pairwise(spans):
            if second[0] <= first[1]:
                raise ValueError(f"{first_name} and {second_name} overlap ({second[0]} to {first[1]})")
        return self


class Virtual(Section):
    """A catchment of many cells with known field laws, driven by gamma-distributed rain."""

    years: int = Field(12, ge=3, le=100, description="Length of the record [years].")
    start: date = Field(date(2000, 1, 1), description="First day of the record.")
    cells: int = Field(200, ge=1, le=100_000, description="Number of cells [-].")
    rain_cv: float = Field(
        1.0, ge=0, le=5, description="Spatial coefficient of variation of rain over the wet cells [-]."
    )
    rain_cv_spread: float = Field(
        0.0,
        ge=0,
        le=2,
        description="Relative spread of that coefficient from day to day; the model is then given the standard "
        "deviation of rain over the cells too [-].",
    )
    wet_fraction: float = Field(1.0, gt=0, le=1, description="Fraction of the cells that a storm wets [-].")
    rain_patch: float = Field(
        0.0,
        ge=0,
        le=1e4,
        description="Correlation length of rain over the cells, which lie in a row from shallow to deep infiltration "
        "[cells]; the model is then given the standard deviation of rain over the cells too.",
    )
    rain_shuffled: bool = Field(
        False, description="Put each day's rain to other cells at random, so that it keeps its CV and loses its places."
    )
    infiltration_capacity: float = Field(14.0, gt=0, description="Mean infiltration capacity of the cells [mm/d].")
    capacity_cv: float = Field(
        0.0, ge=0, le=5, description="Coefficient of variation of the infiltration capacity over the cells [-]."
    )
    mean_rain: float = Field(3.5, gt=0, description="Long-term mean precipitation [mm/d].")
    mean_demand: float = Field(2.6, gt=0, description="Long-term mean potential evapotranspiration, about [mm/d].")
    snow: bool = Field(False, description="Give it temperature, cold winters and a snow store.")
    rain_noise: float = Field(
        0.0,
        ge=0,
        le=2,
        description="Relative error of the precipitation the model is given; the truth has none [-].",
    )
    flow_noise: float = Field(
        0.0, ge=0, le=2, description="Relative error of the streamflow the model is given; the truth has none [-]."
    )
    seed: int = Field(0, ge=0, description="Seed of the weather and of its distribution over the cells.")


class Dataset(Section):
    """One source of basins; full basin names are ``{dataset}_{id}``."""

    format: Format = Field(description="Reader to use.")
    path: Path | None = Field(
        None,
        description="Folder or file of the data. For netcdf, csv and parquet it may hold `{basin}`. "
        "Not used by `example` and `virtual`.",
    )
    basins: list[str] | str = Field(
        "all", description="List of ids (quoted strings), `all`, or a CSV/TXT file with one id per line (first column)."
    )
    forcing: str | None = Field(
        None, description="Forcing product, for camels_us (`maurer_extended`, `daymet`, `nldas_extended`, ...)."
    )
    variables: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description="Canonical variable to the file's name(s), for netcdf, csv and parquet. Several names are averaged "
        "(temperature from minimum and maximum).",
        examples=[{"precipitation": "prcp", "temperature": ["tmin", "tmax"], "streamflow": "q"}],
    )
    units: dict[str, str] = Field(
        default_factory=dict,
        description="Units of the file's variables by canonical name, where the file does not say or is wrong.",
        examples=[{"precipitation": "mm/day", "streamflow": "m3/s"}],
    )
    attributes: Path | None = Field(
        None,
        description="CSV with the columns basin, area_km2, latitude and optionally longitude, elevation_m, "
        "slope_m_per_km, where the data files do not hold them (netcdf, csv, parquet).",
    )
    periods: Periods | None = Field(None, description="Split for this dataset in place of the study's `periods`.")
    virtual: Virtual = Field(default_factory=Virtual, description="Settings of the format `virtual`.")

    @field_validator("basins", mode="before")
    @classmethod
    def _ids_are_text(cls, basins: Any) -> Any:
        if not isinstance(basins, list):
            return basins
        for basin in basins:
            if not isinstance(basin, str):
                raise ValueError(_number_id_message(basin))
            fit_for_files(basin)
        if len(set(basins)) < len(basins):
            twice = sorted({b for b in basins if basins.count(b) > 1})
            raise ValueError(f"basin ids listed more than once: {', '.join(twice)}")
        return basins

    _paths = field_validator("path", "attributes")(_nameable)

    @model_validator(mode="after")
    def _path_where_needed(self) -> "Dataset":
        if self.path is None and self.format not in ("example", "virtual"):
            raise ValueError(f"format {self.format} needs a path")
        return self


def _number_id_message(value: Any) -> str:
    """Explain that YAML turned an id into a number (``01022500`` is octal to YAML 1.1)."""
    guess = f", perhaps '0{value:o}' or '{value}'" if isinstance(value, int) else ""
    return f"basin id {value!r} was read as a {type(value).__name__}, not as text; put it in quotes{guess}"


class Quality(Section):
    """Limits of the checks at ingestion."""

    max_filled_gap: int = Field(
        5, ge=0, description="Longest run of missing forcing [time steps] that is filled; longer ones end the basin."
    )
    max_runoff_ratio: float = Field(
        2.0,
        gt=0,
        description="Streamflow over precipitation [-], over all years with both, above which units are wrong.",
    )


class Model(Section):
    """The nexus model."""

    closure: Literal["residual", "scan", "picard", "closed"] = Field(
        "closed",
        description="How the water balance closes in training: a loss term (`residual`), an exact scan at the "
        "encoder's stores (`scan`), `iterations` such scans (`picard`), or the stores that the laws themselves lead to "
        "(`closed`, the closed loop).",
    )
    iterations: int = Field(3, ge=1, le=20, description="Scans of `picard`, and of the open loop of `closed` [-].")
    law_inputs: Literal["stores", "hidden"] = Field(
        "stores",
        description="What the laws read besides forcing: the stores, or (ablation) the encoder's hidden state.",
    )
    encoder: Literal["lstm", "scan"] = Field(
        "lstm",
        description="What proposes the stores: an LSTM, or two layers of gated units whose gates read no state, so "
        "that all steps are computed at once (`scan`).",
    )
    hidden_size: int = Field(24, ge=2, le=512, description="Hidden units of the encoder [-].")
    law_size: int = Field(12, ge=2, le=256, description="Hidden units of each law [-].")
    snow: bool = Field(True, description="Use the snow store in basins that have temperature.")
    precipitation_correction: bool = Field(
        True,
        description="Let a law of temperature correct precipitation by a factor of 0.6 to 1.6 (gauges miss snow), in "
        "basins that have temperature; the water it adds or takes is a flux of its own, `precipitation_correction`.",
    )


class Training(Section):
    """Fitting one basin."""

    seeds: int = Field(5, ge=1, le=100, description="Ensemble members per basin [-].")
    steps: int = Field(400, ge=1, description="Full-batch optimisation steps at most [-].")
    encoder_steps: int = Field(
        300,
        ge=1,
        description="Steps in which, with `model.closure: closed`, the encoder then learns to propose the stores that "
        "the laws lead to [-].",
    )
    learning_rate: float = Field(0.01, gt=0, description="Peak learning rate of AdamW.")
    weight_decay: float = Field(0.1, ge=0, description="Decoupled weight decay of AdamW.")
    gradient_clip: float = Field(1.0, gt=0, description="Largest gradient norm per member.")
    forcing_noise: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Noise on the forcing in training: relative for water, in standard deviations for the rest [-].",
    )
    low_flow_weight: float = Field(0.1, ge=0, description="Weight of the squared error of log streamflow beside NSE.")
    correction_penalty: float = Field(
        0.3,
        ge=0,
        description="Weight of the squared logarithm of the factor by which `model.precipitation_correction` changes "
        "precipitation, beside 1 - NSE.",
    )
    consistency_tolerance: float = Field(
        0.05, gt=0, description="Store consistency error (share of the store's scale) the adaptive weights aim at."
    )
    window: Positive = Field(365, description="Scored days of each training window, after the warm-up.")
    warmup: Positive = Field(365, description="Days run before any scored day.")
    evaluate_every: Positive = Field(10, description="Steps between evaluations on the validation period.")
    patience: Positive = Field(15, description="Evaluations without improvement before a member stops.")
    checkpoint_every: Positive = Field(
        50, description="Steps between checkpoints; a killed training resumes from the last."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where to train; `auto` is the CPU for all that runs in machine code there."
    )


class Response(Section):
    """Extraction of response functions."""

    pulses: Positive = Field(240, description="Days whose rain is removed, per basin [-].")
    lag: Positive = Field(180, description="Days a pulse is followed.")
    intensity_bins: int = Field(4, ge=1, le=20, description="Bins of rain intensity, equal counts [-].")
    wetness_bins: int = Field(3, ge=1, le=20, description="Bins of antecedent soil water, equal counts [-].")
    bootstrap: Positive = Field(200, description="Resamples of the block bootstrap of each index.")


class PrecipitationGrid(Section):
    """Gridded precipitation over basins; their names in results are those of `dataset`, or `{grid}_{id}`."""

    path: str | list[str] = Field(
        description="File, list of files, pattern (`/data/rain_*.nc`), folder or URL (`s3://`, `https://`): NetCDF, "
        "Zarr, or GeoTIFFs with the time in their names; GRIB with the extra `grib`. `example` is the hourly radar of "
        "the default study."
    )
    variable: str | None = Field(None, description="Precipitation in the file, where it holds more than one variable.")
    units: str | None = Field(
        None, description="Units of the file, where it does not say or is wrong.", examples=["mm/h", "kg m-2 s-1"]
    )
    scale: float = Field(1.0, gt=0, description="Factor on values before their units hold: 0.1 with `mm` for tenths.")
    crs: str | None = Field(None, description="Coordinate reference system, where the file does not say.")
    storage_options: dict[str, Any] = Field(
        default_factory=dict, description="For fsspec, such as `{anon: true}` for public buckets."
    )
    polygons: Path | None = Field(
        None,
        description="Basins: GeoPackage, Shapefile, GeoJSON, or a raster whose values are ids (`.tif`).",
    )
    id_column: str = Field("basin", description="Column of the polygons that holds the ids.")
    fractions: dict[str, str] = Field(
        default_factory=dict,
        description="In place of polygons: basin id to the variable of the grid's file that holds each cell's share in "
        "the basin (NetCDF).",
    )
    flow_directions: str | None = Field(
        None, description="Raster of flow directions, for statistics of the distance to the outlet."
    )
    flow_convention: Literal["d8", "clockwise", "counterclockwise", "ldd"] = Field(
        "d8",
        description="Codes of the flow directions: ESRI's powers of two, 1 to 8 from north or east, or PCRaster's.",
    )
    dataset: Name | None = Field(
        None, description="Dataset whose basins these are; only its basins are described, under its names."
    )
    wet_threshold: float = Field(0.1, gt=0, description="Least precipitation of a wet cell [mm per step].")
    statistics: Literal["cheap", "full"] = Field(
        "cheap", description="Statistics of one pass over the cells, or all (neighbours, variogram, scaling) too."
    )
    step: str | None = Field(
        None, description="Sum precipitation to this step first, since statistics depend on it.", examples=["1D"]
    )
    average: str | None = Field(
        None,
        description="Average statistics over this step afterwards, weighted by precipitation (areal means are summed).",
        examples=["1D"],
    )

    _paths = field_validator("path", "polygons", "flow_directions")(_nameable)

    @model_validator(mode="after")
    def _basins_from_somewhere(self) -> "PrecipitationGrid":
        if self.path != "example" and (self.polygons is None) == (not self.fractions):
            raise ValueError("give either `polygons` or `fractions`, for the basins to describe")
        return self


class SlurmWorkers(Section):
    """Dask workers as Slurm jobs."""

    jobs: Positive = Field(4, description="Jobs [-].")
    cores: Positive = Field(4, description="Cores, and workers, of a job [-].")
    memory: str = Field("16GB", description="Memory of a job.")
    walltime: str = Field("04:00:00", description="Longest run of a job.")
    partition: str | None = Field(None, description="Partition; the site's default if not given.")
    account: str | None = Field(None, description="Account.")
    options: list[str] = Field(default_factory=list, description="Further `#SBATCH` options.")


class Workers(Section):
    """Where gridded precipitation is worked on: this machine, unless a scheduler or Slurm is given."""

    scheduler: str | None = Field(None, description="Address of a Dask scheduler that runs, such as `tcp://host:8786`.")
    slurm: SlurmWorkers | None = Field(None, description="Start workers as Slurm jobs.")
    memory: str | None = Field(None, description="Memory of each worker on this machine; shared out if not given.")

    @property
    def elsewhere(self) -> bool:
        """Whether the work is done outside the job that leads it."""
        return self.scheduler is not None or self.slurm is not None


class Study(Section):
    """A whole study."""

    study: Name = Field(description="Name of the study; results go to results/{study}.")
    datasets: dict[Name, Dataset] = Field(description="As many sources of basins as wanted, by name.", min_length=1)
    periods: Periods | None = Field(None, description="Split used by datasets that bring none of their own.")
    quality: Quality = Field(default_factory=Quality)
    model: Model = Field(default_factory=Model)
    training: Training = Field(default_factory=Training)
    baselines: list[Literal["lstm", "gr4j", "prescribed", "heterogeneity"]] = Field(
        ["lstm", "gr4j", "prescribed"],
        description="Models trained on the same days for comparison: a pure LSTM, GR4J with CemaNeige, and the nexus "
        "model's bucket with field-scale equations in place of its laws. `heterogeneity` trains the nexus model twice "
        "more where the CV of rain over the catchment is known: with it as an input, and with a shuffled one.",
    )
    response: Response = Field(default_factory=Response)
    precipitation_grids: dict[Name, PrecipitationGrid] = Field(
        default_factory=dict, description="Gridded precipitation whose heterogeneity is described, by name."
    )
    workers: Workers = Field(default_factory=Workers)
    gpus: int | None = Field(
        None,
        ge=0,
        description="GPUs that a job of training asks the scheduler for; if not given, 1 where `training.device` is "
        "`cuda`, else 0. Changes no result.",
    )
    cohorts: int = Field(
        0,
        ge=0,
        description="Jobs that train many basins at once on one device; 0 trains every basin in its own job. Changes "
        "no result.",
    )

    @model_validator(mode="after")
    def _every_dataset_has_periods(self) -> "Study":
        without = [name for name, dataset in self.datasets.items() if dataset.periods is None]
        if self.periods is None and without:
            raise ValueError(f"no periods: give `periods` to the study or to the dataset(s) {', '.join(without)}")
        return self

    def periods_of(self, dataset: str) -> Periods:
        """Split of one dataset: its own, or the study's."""
        return self.datasets[dataset].periods or self.periods

    def settings(self, *keys: str) -> str:
        """Part of the configuration as canonical JSON, for a rule's parameters and hashes."""
        return json.dumps({key: _jsonable(getattr(self, key)) for key in keys}, sort_keys=True)

    def dataset_settings(self, dataset: str) -> str:
        """What a basin's own jobs depend on: its dataset without the list of basins, and its periods."""
        own = self.datasets[dataset].model_dump(mode="json", exclude={"basins", "periods"})
        return json.dumps(own | {"periods": self.periods_of(dataset).model_dump(mode="json")}, sort_keys=True)


def _jsonable(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def load_study(raw: Mapping[str, Any]) -> Study:
    """Validate a configuration as read from YAML.

    Parameters
    ----------
    raw : Mapping
        Parsed YAML; ``datasets`` and ``study`` are required.

    Returns
    -------
    Study

    Raises
    ------
    ConfigurationError
        With every mistake at once: the key, what was found, what is allowed.
    """
    if not isinstance(raw, Mapping):
        raise ConfigurationError(f"the configuration is no mapping of keys to values, but a {type(raw).__name__}")
    try:
        return Study.model_validate(dict(raw))
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise ConfigurationError(
            f"the configuration has {len(lines)} mistake{'s'[: len(lines) > 1]}:\n"
            + "\n".join(f"  - {x}" for x in lines)
        ) from None


def read_study(path: str | Path) -> Study:
    """Read and validate a configuration file.

    Raises
    ------
    ConfigurationError
        It is no YAML, or no valid configuration.
    """
    import yaml

    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError is an impossible date, say
        raise ConfigurationError(f"{path} cannot be read as YAML: {error}") from None
    return load_study({} if raw is None else raw)


def _explain(problem: Mapping[str, Any]) -> str:
    location = [part for part in problem["loc"] if part not in ("list[str]", "str")]
    key = ".".join(str(part) for part in location) or "(top level)"
    found = problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            allowed = _allowed_keys(location[:-1])
            near = difflib.get_close_matches(str(location[-1]), allowed, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            return f"{key}: unknown key; {hint}allowed here: {', '.join(allowed)}"
        case "missing":
            return f"{key}: required, but not given"
        case "value_error":
            return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
        case _:
            shown = repr(found) if len(repr(found)) < 80 else type(found).__name__
            near = difflib.get_close_matches(str(found), _literals(problem), n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            return f"{key}: found {shown}; {problem['msg'][0].lower()}{problem['msg'][1:]}{hint}"


def _literals(problem: Mapping[str, Any]) -> list[str]:
    expected = problem.get("ctx", {}).get("expected", "")
    return [part.strip(" '") for part in str(expected).replace(" or ", ",").split(",")]


def _allowed_keys(location: list[Any]) -> list[str]:
    """Keys a section accepts, found by walking the model along an error's location."""
    sections = {
        "periods": Periods, "virtual": Virtual, "quality": Quality, "model": Model, "training": Training,
        "response": Response, "workers": Workers, "slurm": SlurmWorkers,
    }  # fmt: skip
    section: type[BaseModel] = Study
    if location:
        section = {"datasets": Dataset, "precipitation_grids": PrecipitationGrid}.get(location[0], Study)
    for part in location:
        section = sections.get(part, section)
    return list(section.model_fields)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the configuration, kept in ``workflow/schemas/config.schema.json``."""
    return Study.model_json_schema()


def key_documentation() -> str:
    """Markdown tables of every key with type, default and meaning, kept in ``config/README.md``."""
    sections: list[tuple[str, type[BaseModel]]] = [
        ("Top level", Study), ("datasets.NAME", Dataset), ("datasets.NAME.virtual", Virtual), ("periods", Periods),
        ("quality", Quality), ("model", Model), ("training", Training), ("response", Response),
        ("precipitation_grids.NAME", PrecipitationGrid), ("workers", Workers), ("workers.slurm", SlurmWorkers),
    ]  # fmt: skip
    blocks = []
    for title, section in sections:
        rows = [
            f"## {title}",
            "",
            section.__doc__.splitlines()[0],
            "",
            "| key | type | default | meaning |",
            "|---|---|---|---|",
        ]
        schema = section.model_json_schema()["properties"]
        for key, field in section.model_fields.items():
            default = "required" if field.is_required() else _shown_default(field)
            meaning = field.description or "See the section below."
            rows.append(f"| `{key}` | {_type_name(schema[key])} | {default} | {meaning} |")
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def _shown_default(field: Any) -> str:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "see below"
    return "none" if default is None else f"`{default}`"


def _type_name(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type_name(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "$ref" in schema:
        return "section"
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"list of {_type_name(items)}" if items else "[first, last]"
    return {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "mapping",
    }[schema["type"]]


README_TOP = """# Configuration

A study is one YAML file. The default study is `config.yaml` here; any other is `--configfile config/NAME.yaml`.
Unknown keys, wrong types and missing paths stop the run before any job, all named at once. Basin names in results are
`{dataset}_{id}`; ids are text, so quote them (`"01022500"`).

The tables below are written by `python -m hydronexus.config` from the model that checks the configuration.

"""


def write_documentation(root: Path) -> None:
    """Write the schema and the documentation of every key below a repository's root."""
    schema = root / "workflow" / "schemas" / "config.schema.json"
    schema.write_text(json.dumps(json_schema(), indent=2) + "\n")
    (root / "config" / "README.md").write_text(README_TOP + key_documentation())


if __name__ == "__main__":
    write_documentation(Path.cwd())
