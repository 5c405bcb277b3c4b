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
    threads: 16
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
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
