# Prepared data and a split → covariates of users and items. A name that ends in -leaky: as the papers compute them.


rule features:
    input:
        stats="results/data/{dataset}/stats.json",
        ratings=ancient("results/data/{dataset}/ratings.parquet"),
        split="results/data/{dataset}/split{seed}{variant}/{task}/split.json",
        split_big=ancient("results/data/{dataset}/split{seed}{variant}/{task}/split.npz"),
        manifest=inputs.manifest,
        code=inputs.feature_code,
    output:
        manifest="results/data/{dataset}/split{seed}{variant}/{task}/features/{features}.json",
        big="results/data/{dataset}/split{seed}{variant}/{task}/features/{features}.npz",
    log:
        "logs/features/{dataset}/{task}-{seed}{variant}-{features}.log",
    priority: DATA
    retries: 0  # a mistake is not mended by another try
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=0,
        machine=SHARE,
    params:
        data=subpath(input.stats, parent=True),
        options=inputs.feature_options,
        side=manifest_option,
        folder=subpath(output.manifest, parent=True),
    message:
        "features {wildcards.features} of {wildcards.dataset}, split {wildcards.seed}{wildcards.variant}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.features {params.options} --data {params.data} --split {input.split_big} {params.side}"
        " --folder {params.folder} > {log} 2>&1"
