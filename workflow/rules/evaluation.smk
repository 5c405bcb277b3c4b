TABLES = [
    "metrics",
    "closure",
    "responses",
    "recovery",
    "probes",
    "intervals",
    "climate",
    "uneven_rain",
    "claims",
    "heterogeneity",
    "storms",
    "drivers",
    "quarantine",
]
BASIN_FIGURES = ["hydrograph", "flow_duration", "stores_and_fluxes", "laws", "pulse_response", "erra"]


rule evaluate_basin:
    input:
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        simulation=f"{RESULTS}/simulation/{{basin}}.zarr.zip",
        baselines=f"{RESULTS}/baselines/{{basin}}.zarr.zip",
        response=f"{RESULTS}/response/{{basin}}.zarr.zip",
    output:
        f"{RESULTS}/evaluation/{{basin}}.json",
    log:
        f"{RESULTS}/logs/evaluate_basin/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_basin/{{basin}}.tsv"
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
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        simulation=f"{RESULTS}/simulation/{{basin}}.zarr.zip",
        baselines=f"{RESULTS}/baselines/{{basin}}.zarr.zip",
        response=f"{RESULTS}/response/{{basin}}.zarr.zip",
    output:
        **{
            name: report(
                f"{RESULTS}/figures/{{basin}}/{name}.png",
                caption=f"../report/{name}.rst",
                category="Basins",
                subcategory="{basin}",
                labels={"figure": name.replace("_", " ")},
            )
            for name in BASIN_FIGURES
        },
    log:
        f"{RESULTS}/logs/draw_basin/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_basin/{{basin}}.tsv"
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
        evaluations=per_basin("{results}/evaluation/{basin}.json"),
        summaries=[f"{RESULTS}/precipitation/{grid}/summary.csv" for grid in GRIDS],
        storms=[f"{RESULTS}/precipitation/{grid}/storms.csv" for grid in GRIDS],
        failed=[f"{RESULTS}/precipitation/{grid}/failed.json" for grid in GRIDS],
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
        f"{RESULTS}/logs/aggregate_study.log",
    benchmark:
        f"{RESULTS}/benchmarks/aggregate_study.tsv"
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
            for figure in per_basin(f"{{results}}/figures/{{basin}}/{name}.png")
        ],
        responses=per_basin("{results}/response/{basin}.zarr.zip"),
        storms=[f"{RESULTS}/figures/precipitation/{grid}.png" for grid in GRIDS],
    output:
        report=f"{RESULTS}/report.html",
        skill=report(
            f"{RESULTS}/figures/skill.png", caption="../report/skill.rst", category="Study", labels={"figure": "skill"}
        ),
        climate=report(
            f"{RESULTS}/figures/climate.png",
            caption="../report/climate.rst",
            category="Study",
            labels={"figure": "where conventional models fail"},
        ),
        response_functions=report(
            f"{RESULTS}/figures/response_functions.png",
            caption="../report/response_functions.rst",
            category="Study",
            labels={"figure": "response functions from humid to arid"},
        ),
        responses=report(
            f"{RESULTS}/figures/responses.png",
            caption="../report/heat_map.rst",
            category="Study",
            labels={"figure": "responses of all basins"},
        ),
        recovery=report(
            f"{RESULTS}/figures/recovery.png",
            caption="../report/recovery.rst",
            category="Study",
            labels={"figure": "recovery of the truth"},
        ),
    log:
        f"{RESULTS}/logs/write_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_report.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=[CODE["report"], CODE["figures"], CODE["evaluation"]],
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"


rule pack_basin:
    input:
        forcing=f"{RESULTS}/forcing/{{basin}}.zarr.zip",
        simulation=f"{RESULTS}/simulation/{{basin}}.zarr.zip",
        response=f"{RESULTS}/response/{{basin}}.zarr.zip",
        evaluation=f"{RESULTS}/evaluation/{{basin}}.json",
    output:
        f"{RESULTS}/explorer/{{basin}}.json",
    log:
        f"{RESULTS}/logs/pack_basin/{{basin}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pack_basin/{{basin}}.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=15,
    params:
        code=CODE["explorer"],
    message:
        "Packing {wildcards.basin} for the explorer"
    script:
        "../scripts/pack_basin.py"


rule write_explorer:
    input:
        per_basin("{results}/explorer/{basin}.json"),
    output:
        report(
            f"{RESULTS}/explorer.html",
            caption="../report/explorer.rst",
            category="Study",
            labels={"figure": "all basins, interactive"},
        ),
    log:
        f"{RESULTS}/logs/write_explorer.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_explorer.tsv"
    conda:
        "../../envs/hydronexus.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        code=CODE["report"],
    message:
        "Writing the explorer"
    script:
        "../scripts/write_explorer.py"


rule finish_study:
    input:
        report=f"{RESULTS}/report.html",
        explorer=f"{RESULTS}/explorer.html",
        quarantine=f"{RESULTS}/aggregate/quarantine.csv",
    output:
        f"{RESULTS}/complete.txt",
    log:
        f"{RESULTS}/logs/finish_study.log",
    conda:
        "../../envs/hydronexus.yaml"
    retries: 0
    message:
        "Checking that every basin has results"
    script:
        "../scripts/finish_study.py"
