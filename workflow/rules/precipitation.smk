rule fetch_radar:
    output:
        RADAR,
    log:
        "results/logs/fetch_radar.log",
    conda:
        "../../envs/hydronexus.yaml"
    retries: 0
    message:
        "Fetching the example radar fields"
    script:
        "../scripts/fetch_radar.py"


rule describe_precipitation:
    input:
        radar_archive,
    output:
        summary=f"{RESULTS}/precipitation/{{grid}}/summary.csv",
        storms=f"{RESULTS}/precipitation/{{grid}}/storms.csv",
        failed=f"{RESULTS}/precipitation/{{grid}}/failed.json",
    log:
        f"{RESULTS}/logs/describe_precipitation/{{grid}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/describe_precipitation/{{grid}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1 if STUDY.workers.elsewhere else 16
    resources:
        mem_mb=lambda wildcards, attempt: (4000 if STUDY.workers.elsewhere else 16000) * attempt,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        code=CODE["precipitation"],
        settings=lambda wildcards: STUDY.precipitation_grids[wildcards.grid].model_dump_json(),
        source=lambda wildcards: grids.fingerprint(STUDY.precipitation_grids[wildcards.grid]),
        names=grid_basins,
    message:
        "Describing the precipitation of {wildcards.grid}"
    script:
        "../scripts/describe_precipitation.py"


rule draw_storm:
    input:
        radar_archive,
        storms=f"{RESULTS}/precipitation/{{grid}}/storms.csv",
        forcing=lambda wildcards: [
            f"{RESULTS}/forcing/{basin}.zarr.zip" for basin in (grid_basins(wildcards) or {}).values()
        ],
    output:
        report(
            f"{RESULTS}/figures/precipitation/{{grid}}.png",
            caption="../report/storm.rst",
            category="Precipitation",
            labels={"figure": "largest storm of {grid}"},
        ),
    log:
        f"{RESULTS}/logs/draw_storm/{{grid}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_storm/{{grid}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=CODE["figures"],
        names=grid_basins,
    message:
        "Drawing the largest storm of {wildcards.grid}"
    script:
        "../scripts/draw_storm.py"
