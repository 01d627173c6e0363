# Fits → metrics and per-user scores: those that every run has, and further ones that a study asks for.


rule evaluate:
    input:
        record="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/fit.json",
        big=ancient("results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/fitted.npz"),
        split=inputs.split_file(".json"),
        split_big=ancient(inputs.split_file(".npz")),
        code=inputs.code("evaluate"),
    output:
        metrics="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/metrics.json",
        per_user="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/per_user.parquet",
    log:
        "logs/evaluate/{dataset}/{method}/split{split_seed}-init{init_seed}.log",
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=0,
        machine=SHARE,
        slurm_extra=whole_node,
    params:
        folder=subpath(output.metrics, parent=True),
    message:
        "evaluate {wildcards.method} on {wildcards.dataset}, split {wildcards.split_seed}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.evaluate --fit {params.folder} --split {input.split_big} --folder {params.folder}"
        " > {log} 2>&1"


rule evaluate_further:
    input:
        record="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/fit.json",
        big=ancient(inputs.vectors),
        split=inputs.split_file(".json"),
        split_big=ancient(inputs.split_file(".npz")),
        code=inputs.further_code,
    output:
        metrics="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/further-{further}.json",
        per_user="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/further-{further}.parquet",
    log:
        "logs/evaluate/{dataset}/{method}/split{split_seed}-init{init_seed}-{further}.log",
    retries: 0  # a mistake is not mended by another try
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=0,
        machine=SHARE,
        slurm_extra=whole_node,
    params:
        metrics=inputs.further_metrics,
        folder=subpath(output.metrics, parent=True),
    message:
        "evaluate {wildcards.method} on {wildcards.dataset}, split {wildcards.split_seed}: {params.metrics}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.evaluate --fit {params.folder} --split {input.split_big} --folder {params.folder}"
        " --metrics {params.metrics:q} > {log} 2>&1"
