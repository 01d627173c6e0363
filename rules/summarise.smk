# Metrics of a study → its tables and figures.


rule summarise:
    input:
        metrics=study_files("metrics.json"),
        per_user=ancient(study_files("per_user.parquet")),
        chosen=study_chosen,
        statistics=study_statistics,
        splits=study_splits,
        code=stage_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{study}.csv",
        md="results/{name}/{study}/tables/{study}.md",
        tex="results/{name}/{study}/tables/{study}.tex",
        pairs="results/{name}/{study}/tables/{study}_pairs.csv",
        html=report(
            "results/{name}/{study}/tables/{study}.html",
            caption="../workflow/report/table.rst",
            category="Tables",
            labels={"table": "{study}", "configuration": "{name}"},
        ),
    log:
        "logs/summarise/{name}/{study}.log",
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="30m",
        gpu=0,
        machine=SHARE,
    params:
        contents=study_contents,
        folder=subpath(output.csv, parent=True),
    message:
        "tables of {wildcards.study}"
    shell:
        "python -m dotbench.cli.summarise --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


rule draw_convergence:
    input:
        curves=study_files("curve.csv"),
        metrics=study_files("metrics.json"),
        statistics=study_statistics,
        code=stage_sources("draw"),
    output:
        both=multiext("results/{name}/{study}/figures/convergence", ".pdf", ".png", ".svg", ".csv"),
        single=multiext(
            "results/{name}/{study}/figures/convergence-",
            "epoch.pdf",
            "epoch.png",
            "seconds.pdf",
            "seconds.png",
        ),
        epoch=report(
            "results/{name}/{study}/figures/convergence-epoch.svg",
            caption="../workflow/report/convergence.rst",
            category="Convergence",
            labels={"study": "{study}", "axis": "epoch"},
        ),
        seconds=report(
            "results/{name}/{study}/figures/convergence-seconds.svg",
            caption="../workflow/report/convergence.rst",
            category="Convergence",
            labels={"study": "{study}", "axis": "seconds"},
        ),
    log:
        "logs/draw/{name}/{study}-convergence.log",
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
        gpu=0,
        machine=SHARE,
    params:
        contents=study_contents,
        folder=subpath(output.epoch, parent=True),
    message:
        "figure convergence of {wildcards.study}"
    shell:
        "python -m dotbench.cli.draw --contents {params.contents:q} --figure convergence --folder {params.folder}"
        " > {log} 2>&1"
