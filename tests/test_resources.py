"""What a study took is read from Snakemake's own benchmark files, and what is proposed is taken by Snakemake."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from hydronexus import resources

WORKFLOW = """
rule all:
    input: "results/x/one.txt"

rule many:
    output: "results/x/many/{i}.txt"
    benchmark: "results/x/benchmarks/many/{i}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=10,
    shell: "python -c 'import time; x = bytes(200_000_000); time.sleep(2)' && touch {output}"

rule one:
    input: "results/x/many/a.txt", "results/x/many/b.txt"
    output: "results/x/one.txt"
    benchmark: "results/x/benchmarks/one.tsv"
    shell: "touch {output}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where Snakemake has run a workflow of two jobs per study and one for all."""
    folder = tmp_path_factory.mktemp("workflow")
    (folder / "Snakefile").write_text(WORKFLOW)
    snakemake(folder, "--benchmark-extended")
    return folder


@pytest.fixture(scope="module")
def jobs(folder) -> pd.DataFrame:
    return resources.measured(folder / "results" / "x")


def snakemake(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_time_memory_and_what_was_asked_are_read_of_every_job(jobs):
    many = jobs[jobs["rule"] == "many"]
    assert len(many) == 2
    assert len(jobs) == 3
    assert (many["minutes"] > 2 / 60).all()
    assert many["memory_mb"].between(10, 400).all()
    assert (many["asked_mb"] == 1500).all()
    assert (many["asked_minutes"] == 10).all()


def test_a_proposal_covers_the_largest_job_with_headroom(jobs):
    row = resources.propose(jobs).loc["many"]
    assert row["jobs"] == 2
    assert row["proposed_mb"] >= 1.3 * jobs["memory_mb"].max()
    assert row["proposed_mb"] % 100 == 0
    assert row["proposed_minutes"] >= 3 * row["minutes_largest"]


def test_nothing_is_proposed_for_a_rule_of_one_job_which_grows_with_the_study(jobs):
    proposal = resources.propose(jobs)
    assert proposal.loc["one", ["proposed_mb", "proposed_minutes"]].isna().all()
    assert "one" not in yaml.safe_load(resources.profile(proposal))["set-resources"]


def test_a_job_too_short_to_be_sampled_asks_for_no_memory(folder, tmp_path):
    target = tmp_path / "benchmarks" / "many" / "a.tsv"
    target.parent.mkdir(parents=True)
    lines = (folder / "results/x/benchmarks/many/a.tsv").read_text().splitlines()
    names, values = (line.split("\t") for line in lines)
    values[names.index("max_rss")] = "NA"  # as Snakemake writes it
    target.write_text("\t".join(names) + "\n" + "\t".join(values) + "\n")
    asked = yaml.safe_load(resources.profile(resources.propose(resources.measured(tmp_path))))
    assert asked == {"set-resources": {"many": {"runtime": "5 * attempt"}}}


def test_the_plain_benchmark_files_of_older_runs_are_read_too(folder, tmp_path):
    target = tmp_path / "benchmarks" / "many" / "a.tsv"
    target.parent.mkdir(parents=True)
    lines = (folder / "results/x/benchmarks/many/a.tsv").read_text().splitlines()
    target.write_text("\n".join("\t".join(line.split("\t")[:10]) for line in lines))
    row = resources.propose(resources.measured(tmp_path)).loc["many"]
    assert row["proposed_minutes"] == 5
    assert pd.isna(row["asked_mb"])


def test_cost_grows_with_the_basins_where_jobs_do(jobs):
    small, large = resources.cost(jobs, 2), resources.cost(jobs, 20)
    assert small["jobs"] == 3
    assert large["jobs"] == 21
    one = jobs.loc[jobs["rule"] == "one", "minutes"].sum() / 60
    assert large["core_hours"] - one == pytest.approx(10 * (small["core_hours"] - one))


def test_snakemake_takes_the_profile(folder, tmp_path):
    (tmp_path / "proposed").mkdir()
    command = [sys.executable, "-m", "hydronexus.resources", str(folder / "results" / "x"), "--basins", "671"]
    out = tmp_path / "proposed" / "config.yaml"
    done = subprocess.run([*command, "--profile", str(out)], capture_output=True, text=True, check=True)
    assert "672 jobs" in done.stdout
    said = snakemake(folder, "-n", "--forceall", "--profile", str(tmp_path / "proposed"))
    proposed = int(resources.propose(resources.measured(folder / "results" / "x")).loc["many", "proposed_mb"])
    assert f"mem_mb={proposed}" in said
    assert "runtime=5" in said


def test_a_study_that_has_not_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"benchmarks; run the study first"):
        resources.measured(tmp_path)
