# Raw files → prepared data → splits.


rule fetch:
    input:
        files=own_files,  # not the code: an edit of it does not change the bytes that were verified
    output:
        manifest="resources/{dataset}/manifest.json",
    log:
        "logs/fetch/{dataset}.log",
    retries: 0  # a mistake is not mended by another try
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(240),
        gpu=0,
        machine=SHARE,
    params:
        source=inputs.dataset_source,
        folder=subpath(output.manifest, parent=True),
    message:
        "fetch {wildcards.dataset}"
    shell:
        # messages go to the log and the terminal, the progress bar (standard output) to the terminal alone
        "{{ python -m dotbench.cli.job dotbench.cli.fetch --dataset {wildcards.dataset} --folder {params.folder} 2>&1 >&3"
        " | tee {log}; }} 3>&1"


rule prepare:
    input:
        manifest=inputs.manifest,
        code=inputs.prepare_code,
    output:
        stats="results/data/{dataset}/stats.json",
        big=multiext("results/data/{dataset}/", "ratings.parquet", "interactions.parquet"),
        ids=multiext("results/data/{dataset}/", "users.csv", "items.csv"),
    log:
        "logs/prepare/{dataset}.log",
    retries: 0  # a mistake is not mended by another try
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=0,
        machine=SHARE,
    params:
        definition=inputs.dataset_definition,
        manifest=manifest_option,
        folder=subpath(output.stats, parent=True),
    message:
        "prepare {wildcards.dataset}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.prepare --dataset {wildcards.dataset} --folder {params.folder} {params.manifest}"
        " > {log} 2>&1"


rule split:
    input:
        stats="results/data/{dataset}/stats.json",
        big=ancient(inputs.prepared),
        code=inputs.split_code,
    output:
        manifest="results/data/{dataset}/split{seed}{variant}/{task}/split.json",
        big="results/data/{dataset}/split{seed}{variant}/{task}/split.npz",
    log:
        "logs/split/{dataset}/{task}-{seed}{variant}.log",
    priority: DATA
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
        gpu=0,
        machine=SHARE,
    params:
        data=subpath(input.stats, parent=True),
        split=inputs.split_identity,
        folder=subpath(output.manifest, parent=True),
    message:
        "split {wildcards.dataset} for {wildcards.task}, seed {wildcards.seed}{wildcards.variant}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.split --data {params.data} --dataset {wildcards.dataset} --task {wildcards.task}"
        " --seed {wildcards.seed} --split {params.split:q} --folder {params.folder} > {log} 2>&1"
