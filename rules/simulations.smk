# Jobs of simulations: many small fits in one job, which leaves rows.


rule simulate:
    input:
        code=inputs.job_code,
    output:
        rows="results/studies/{study}/{simulation}/part-{label}.parquet",
        record="results/studies/{study}/{simulation}/part-{label}.json",
    log:
        "logs/simulate/{study}/{simulation}/{label}.log",
    conda:
        "../envs/dotbench.yaml"
    threads: plan.benchmark.threads
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=job_gpus,
        machine=SHARE,
    params:
        simulation=inputs.simulation_identity,
        job=inputs.job_content,
    message:
        "simulate {wildcards.simulation}: {wildcards.label} (progress: {log})"
    shell:
        "python -m dotbench.cli.job dotbench.cli.simulate --simulation {params.simulation:q} --job {params.job:q}"
        " --label {wildcards.label} --rows {output.rows}"
        " --checkpoints results/checkpoints/studies/{wildcards.study}/{wildcards.simulation}/{wildcards.label}"
        " --log {log} > {log} 2>&1"
