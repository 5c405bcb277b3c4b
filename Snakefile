# hydronexus: ingest -> precipitation -> train -> simulate -> respond -> evaluate -> aggregate -> report
from snakemake.utils import min_version

min_version("9.10")

if "datasets" not in config:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/forcing.smk"
include: "workflow/rules/precipitation.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/response.smk"
include: "workflow/rules/evaluation.smk"


rule all:
    default_target: True
    input:
        f"{RESULTS}/complete.txt",


onsuccess:
    print(f"\nThe study is complete. Report: {RESULTS}/report.html\n")


onerror:
    print(f"\nThe study is not complete. See the messages above and the logs in {RESULTS}/logs.\n")
