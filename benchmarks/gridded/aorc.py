"""What the study in `config/aorc.yaml` costs by the benchmark's figures; an estimate, nothing of it was run."""

CHUNK = 144 * 128 * 256  # values of a chunk of its Zarr stores: hours, rows, columns
HOURS = 8760
CHUNKS_OF_BASINS = 400  # of 33 x 33 in space: of about 420 that hold the conterminous states, those with a basin
CELLS_OF_BASINS = 671 * 800 / 0.68  # mean area of CAMELS-US basins over that of a cell at 40 degrees [km2]


def aorc(measured: dict) -> dict[str, float]:
    """Per year of the grid: values read, gigabytes fetched, and core hours of the cheap set.

    Parameters
    ----------
    measured : dict
        Of one case of :func:`gridded.speed.speed`.
    """
    values = CHUNKS_OF_BASINS * CHUNK * HOURS / 144
    cells_steps = CELLS_OF_BASINS * HOURS
    read = measured["read_ms_per_step"] / 1e3 / measured["cells_of_grid"] * values
    own = (measured["cheap"]["ms_per_step"] - measured["read_ms_per_step"]) / 1e3 / measured["cells_of_basins"]
    return {
        "values_read": values,
        "cells_steps_of_basins": cells_steps,
        "gigabytes_fetched": measured["megabytes_stored_per_step"] / 1e3 / measured["cells_of_grid"] * values,
        "core_hours_reading": read / 3600,
        "core_hours_statistics": own * cells_steps / 3600,
    }
