TABLES = ["metrics", "closure", "responses", "recovery", "claims", "quarantine"]
BASIN_FIGURES = ["hydrograph", "flow_duration", "stores_and_fluxes", "laws", "pulse_response"]


rule evaluate_basin:
    input:
        forcing=RESULTS + "/forcing/{basin}.zarr.zip",
        simulation=RESULTS + "/simulation/{basin}.zarr.zip",
        baselines=RESULTS + "/baselines/{basin}.zarr.zip",
        response=RESULTS + "/response/{basin}.zarr.zip",
    output:
        RESULTS + "/evaluation/{basin}.json",
    log:
        RESULTS + "/logs/evaluate_basin/{basin}.log",
    benchmark:
        RESULTS + "/benchmarks/evaluate_basin/{basin}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=15,
    params:
        code=CODE["evaluation"],
    message:
        "Evaluating {wildcards.basin}"
    script:
        "../scripts/evaluate_basin.py"


rule draw_basin:
    input:
        forcing=RESULTS + "/forcing/{basin}.zarr.zip",
        simulation=RESULTS + "/simulation/{basin}.zarr.zip",
        baselines=RESULTS + "/baselines/{basin}.zarr.zip",
        response=RESULTS + "/response/{basin}.zarr.zip",
    output:
        **{
            name: report(
                RESULTS + "/figures/{basin}/" + f"{name}.png",
                caption=f"../report/{name}.rst",
                category="Basins",
                subcategory="{basin}",
                labels={"figure": name.replace("_", " ")},
            )
            for name in BASIN_FIGURES
        },
    log:
        RESULTS + "/logs/draw_basin/{basin}.log",
    benchmark:
        RESULTS + "/benchmarks/draw_basin/{basin}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=15,
    params:
        code=CODE["figures"],
    message:
        "Drawing the figures of {wildcards.basin}"
    script:
        "../scripts/draw_basin.py"


rule aggregate_study:
    input:
        per_basin("{results}/evaluation/{basin}.json"),
    output:
        **{
            name: report(
                f"{RESULTS}/aggregate/{name}.csv",
                caption=f"../report/{name}.rst",
                category="Tables",
                labels={"table": name},
            )
            for name in TABLES
        },
    log:
        RESULTS + "/logs/aggregate_study.log",
    benchmark:
        RESULTS + "/benchmarks/aggregate_study.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=CODE["evaluation"],
    message:
        "Aggregating all basins"
    script:
        "../scripts/aggregate_study.py"


rule write_report:
    input:
        tables=[f"{RESULTS}/aggregate/{name}.csv" for name in TABLES],
        evaluations=per_basin("{results}/evaluation/{basin}.json"),
        figures=[
            figure
            for name in BASIN_FIGURES
            for figure in per_basin("{results}/figures/{basin}/" + f"{name}.png")
        ],
    output:
        report=RESULTS + "/report.html",
        skill=report(
            RESULTS + "/figures/skill.png", caption="../report/skill.rst", category="Study", labels={"figure": "skill"}
        ),
        recovery=report(
            RESULTS + "/figures/recovery.png",
            caption="../report/recovery.rst",
            category="Study",
            labels={"figure": "recovery of the truth"},
        ),
    log:
        RESULTS + "/logs/write_report.log",
    benchmark:
        RESULTS + "/benchmarks/write_report.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=[CODE["report"], CODE["figures"]],
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"


rule finish_study:
    input:
        report=RESULTS + "/report.html",
        quarantine=RESULTS + "/aggregate/quarantine.csv",
    output:
        RESULTS + "/complete.txt",
    log:
        RESULTS + "/logs/finish_study.log",
    conda:
        "../../envs/hydronexus.yaml"
    retries: 0
    message:
        "Checking that every basin has results"
    script:
        "../scripts/finish_study.py"
