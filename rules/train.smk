# Splits → decompositions, chosen hyperparameters, fits.


rule decompose:
    input:
        split="results/data/{dataset}/split{seed}{variant}/ranking/split.json",
        split_big=ancient("results/data/{dataset}/split{seed}{variant}/ranking/split.npz"),
        code=inputs.decompose_code,
    output:
        manifest="results/data/{dataset}/split{seed}{variant}/spectra/{artefact}.json",
        big="results/data/{dataset}/split{seed}{variant}/spectra/{artefact}.npz",
    log:
        "logs/decompose/{dataset}/{artefact}/{seed}{variant}.log",
    priority: DATA
    conda:
        "../envs/dotbench.yaml"
    threads: plan.benchmark.threads
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
        gpu=spectrum_gpus,
        machine=WHOLE_MACHINE,
    params:
        artefact=inputs.spectrum_content,
    message:
        "decompose {wildcards.dataset}, split {wildcards.seed}{wildcards.variant}: {wildcards.artefact}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.decompose --artefact {params.artefact:q} --split {input.split_big}"
        " --output {output.big} > {log} 2>&1"


rule tune:
    input:
        records=inputs.read_by_run(".json", of_tuning=True),
        big=ancient(inputs.read_by_run(".npz", of_tuning=True)),
        code=inputs.method_code("tune"),
    output:
        chosen="results/runs/{dataset}/{method}/chosen.json",
        trials="results/runs/{dataset}/{method}/trials.csv",
        curves="results/runs/{dataset}/{method}/trials_curves.csv",
    log:
        "logs/tune/{dataset}/{method}.log",
    wildcard_constraints:
        method=one_of(inputs.methods(tuned=True)),
    priority: TUNE
    conda:
        "../envs/dotbench.yaml"
    threads: plan.benchmark.threads
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=gpus,
        machine=SHARE,
        slurm_extra=whole_node,
    params:
        method=inputs.method_identity,
        files=array_options,
        folder=subpath(output.chosen, parent=True),
    message:
        "tune {wildcards.method} on {wildcards.dataset} (progress: {log})"
    shell:
        "python -m dotbench.cli.job dotbench.cli.tune --method {params.method:q} --dataset {wildcards.dataset} {params.files}"
        " --folder {params.folder} --checkpoints results/checkpoints/{wildcards.dataset}/{wildcards.method}/tune"
        " --log {log} > {log} 2>&1"


# Without a grid there is nothing to compute, and nothing to submit.
use rule tune as settle with:
    wildcard_constraints:
        method=one_of(inputs.methods(tuned=False)),
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
        gpu=0,
        machine=SHARE,


localrules:
    settle,


rule fit:
    input:
        chosen="results/runs/{dataset}/{method}/chosen.json",
        records=inputs.read_by_run(".json"),
        big=ancient(inputs.read_by_run(".npz")),
        code=inputs.method_code("fit"),
    output:
        record="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/fit.json",
        curve="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/curve.csv",
        big="results/runs/{dataset}/{method}/split{split_seed}-init{init_seed}/fitted.npz",
    log:
        "logs/fit/{dataset}/{method}/split{split_seed}-init{init_seed}.log",
    priority: FIT
    conda:
        "../envs/dotbench.yaml"
    threads: plan.benchmark.threads
    resources:
        mem_mb=growing(8000),
        runtime=growing(360),
        gpu=gpus,
        machine=fit_machine,
        slurm_extra=whole_node,
    params:
        method=inputs.method_identity,
        files=array_options,
        folder=subpath(output.record, parent=True),
    message:
        "fit {wildcards.method} on {wildcards.dataset}, split {wildcards.split_seed}, initialisation {wildcards.init_seed}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.fit --method {params.method:q} --dataset {wildcards.dataset} {params.files}"
        " --chosen {input.chosen} --split-seed {wildcards.split_seed} --init-seed {wildcards.init_seed}"
        " --folder {params.folder}"
        " --checkpoint results/checkpoints/{wildcards.dataset}/{wildcards.method}/split{wildcards.split_seed}-init{wildcards.init_seed}.pt"
        " --log {log} > {log} 2>&1"
