rule fetch_example:
    output:
        EXAMPLE,
    log:
        "results/logs/fetch_example.log",
    conda:
        "../../envs/hydronexus.yaml"
    retries: 0
    message:
        "Fetching the example catchments"
    script:
        "../scripts/fetch_example.py"


rule ingest_basin:
    input:
        example_archive,
    output:
        f"{RESULTS}/forcing/{{basin}}.zarr.zip",
    log:
        f"{RESULTS}/logs/ingest_basin/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ingest_basin/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=10,
    params:
        code=CODE["forcing"],
        dataset=dataset_settings,
        quality=STUDY.settings("quality"),
        warmup=STUDY.training.warmup,
        source=lambda wildcards: catalogue.fingerprint(STUDY, wildcards.basin),
    message:
        "Ingesting {wildcards.basin}"
    script:
        "../scripts/ingest_basin.py"
