rule extract_responses:
    input:
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        weights=f"{RESULTS}/models/{{basin}}/weights.safetensors",
        simulation=f"{RESULTS}/simulation/{{basin}}.zarr.zip",
        summaries=summaries_of,
    output:
        f"{RESULTS}/response/{{basin}}.zarr.zip",
    log:
        f"{RESULTS}/logs/extract_responses/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_responses/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        code=CODE["response"],
        settings=STUDY.settings("response"),
        precipitation=f"{RESULTS}/precipitation/{{basin}}.zarr.zip",  # there once the basin's grid is described
    message:
        "Extracting the response functions of {wildcards.basin}"
    script:
        "../scripts/extract_responses.py"
