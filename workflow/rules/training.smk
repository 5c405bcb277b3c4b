rule train_cohort:
    input:
        lambda wildcards: [f"{RESULTS}/forcing/{basin}.zarr.zip" for basin in COHORTS[wildcards.cohort]],
    output:
        f"{RESULTS}/cohorts/{{cohort}}.json",
    log:
        f"{RESULTS}/logs/train_cohort/{{cohort}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_cohort/{{cohort}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
        gpu=TRAIN_GPU,
    params:
        code=CODE["train"],
        settings=STUDY.settings("model", "training"),
        periods=lambda wildcards: {basin: basin_periods(basin) for basin in COHORTS[wildcards.cohort]},
        weights=lambda wildcards: [f"{RESULTS}/models/{basin}/weights.safetensors" for basin in COHORTS[wildcards.cohort]],
        checkpoints=lambda wildcards: [f"{RESULTS}/checkpoints/{basin}.safetensors" for basin in COHORTS[wildcards.cohort]],
    message:
        "Training the nexus model on the basins of cohort {wildcards.cohort}"
    script:
        "../scripts/train_cohort.py"


rule train_nexus:
    input:
        cohort,
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
    output:
        weights=f"{RESULTS}/models/{{basin}}/weights.safetensors",
        history=f"{RESULTS}/models/{{basin}}/training_log.csv",
        configuration=f"{RESULTS}/models/{{basin}}/configuration.json",
    log:
        f"{RESULTS}/logs/train_nexus/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_nexus/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
        gpu=0 if STUDY.cohorts else TRAIN_GPU,
    params:
        code=CODE["train"],
        settings=STUDY.settings("model", "training"),
        periods=periods,
        checkpoint=f"{RESULTS}/checkpoints/{{basin}}.safetensors",
    message:
        "Training the nexus model on {wildcards.basin}"
    script:
        "../scripts/train_nexus.py"


rule simulate_nexus:
    input:
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        weights=f"{RESULTS}/models/{{basin}}/weights.safetensors",
    output:
        f"{RESULTS}/simulation/{{basin}}.zarr.zip",
    log:
        f"{RESULTS}/logs/simulate_nexus/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/simulate_nexus/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=30,
    params:
        code=CODE["train"],
    message:
        "Simulating {wildcards.basin} in open and closed loop"
    script:
        "../scripts/simulate_nexus.py"


rule run_baselines:
    input:
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        summaries=summaries_of if "heterogeneity" in STUDY.baselines else [],
    output:
        f"{RESULTS}/baselines/{{basin}}.zarr.zip",
    log:
        f"{RESULTS}/logs/run_baselines/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/run_baselines/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        code=CODE["baselines"],
        settings=STUDY.settings("baselines", "training"),
        hidden_size=STUDY.model.hidden_size,
        precipitation=f"{RESULTS}/precipitation/{{basin}}.zarr.zip",  # there once the basin's grid is described
        periods=periods,
    message:
        "Training the baselines on {wildcards.basin}"
    script:
        "../scripts/run_baselines.py"
