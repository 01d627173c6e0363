# Parts of packed experiments: many small fits in one job, which leaves rows.


rule experiment:
    input:
        code=part_sources,
    output:
        rows="results/studies/{study}/{experiment}/part-{part}.parquet",
        record="results/studies/{study}/{experiment}/part-{part}.json",
    log:
        "logs/experiment/{study}/{experiment}/{part}.log",
    conda:
        "../envs/dotbench.yaml"
    threads: plan.benchmark.threads
    resources:
        mem_mb=8000,
        runtime="12h",
        gpu=part_gpus,
        machine=SHARE,
    params:
        experiment=experiment_identity,
        part=part_content,
    message:
        "experiment {wildcards.experiment}: {wildcards.part} (progress: {log})"
    shell:
        "python -m dotbench.cli.experiment --experiment {params.experiment:q} --part {params.part:q}"
        " --label {wildcards.part} --rows {output.rows}"
        " --checkpoints results/checkpoints/studies/{wildcards.study}/{wildcards.experiment}/{wildcards.part}"
        " --log {log} > {log} 2>&1"
