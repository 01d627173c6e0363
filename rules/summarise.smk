# Metrics of a study → its tables and figures, and its numbers beside the published ones.


rule summarise:
    input:
        metrics=study_files("metrics.json"),
        per_user=ancient(study_files("per_user.parquet")),
        chosen=tuning_files("chosen.json"),
        trials=tuning_files("trials.csv"),
        statistics=study_statistics,
        splits=study_splits,
        code=stage_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        pairs="results/{name}/{study}/tables/{table}_pairs.csv",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/table.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    log:
        "logs/summarise/{name}/{study}-{table}.log",
    wildcard_constraints:
        table=made_as("tables", "comparison", "overview", "intervals", "starts"),
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
        "table {wildcards.table} of {wildcards.study}"
    shell:
        "python -m dotbench.cli.summarise --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


use rule summarise as describe with:
    input:
        statistics=study_statistics,
        code=stage_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/statistics.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "statistics"),


use rule summarise as summarise_experiment with:
    input:
        rows=part_files(".parquet"),
        records=part_files(".json"),
        code=packed_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        pairs="results/{name}/{study}/tables/{table}_pairs.csv",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/replications.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "replications"),


use rule describe as summarise_costs with:
    input:
        metrics=study_files("metrics.json"),
        chosen=tuning_files("chosen.json"),
        trials=tuning_files("trials.csv"),
        statistics=study_statistics,
        code=stage_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/costs.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "costs"),


use rule summarise as summarise_features with:
    input:
        features=exhibit_features,
        statistics=study_statistics,
        code=stage_sources("summarise"),
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/aspects.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "aspects"),


use rule summarise_experiment as summarise_slopes with:
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        sizes="results/{name}/{study}/tables/{table}_sizes.csv",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/slopes.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "slopes"),


use rule summarise_experiment as summarise_recovery with:
    output:
        csv="results/{name}/{study}/tables/{table}.csv",
        md="results/{name}/{study}/tables/{table}.md",
        tex="results/{name}/{study}/tables/{table}.tex",
        html=report(
            "results/{name}/{study}/tables/{table}.html",
            caption="../workflow/report/recovery_table.rst",
            category="Tables",
            labels={"table": "{study}: {table}", "configuration": "{name}"},
        ),
    wildcard_constraints:
        table=made_as("tables", "thresholds", "distance", "descent", "curvature", "tensor"),


rule draw_convergence:
    input:
        curves=study_files("curve.csv"),
        metrics=study_files("metrics.json"),
        statistics=study_statistics,
        code=stage_sources("draw"),
    output:
        multiext("results/{name}/{study}/figures/{figure}", ".pdf", ".png", ".svg", ".csv"),
        multiext(
            "results/{name}/{study}/figures/{figure}-",
            "epoch.pdf",
            "epoch.png",
            "seconds.pdf",
            "seconds.png",
        ),
        epoch=report(
            "results/{name}/{study}/figures/{figure}-epoch.svg",
            caption="../workflow/report/convergence.rst",
            category="Convergence",
            labels={"figure": "{study}: {figure}", "axis": "epoch"},
        ),
        seconds=report(
            "results/{name}/{study}/figures/{figure}-seconds.svg",
            caption="../workflow/report/convergence.rst",
            category="Convergence",
            labels={"figure": "{study}: {figure}", "axis": "seconds"},
        ),
    log:
        "logs/draw/{name}/{study}-{figure}.log",
    wildcard_constraints:
        figure=made_as("figures", "convergence", "convergence_half_sweeps"),
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
        folder=subpath(output[0], parent=True),
    message:
        "figure {wildcards.figure} of {wildcards.study}"
    shell:
        "python -m dotbench.cli.draw --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


use rule draw_convergence as draw_regularization with:
    input:
        trials=tuning_files("trials.csv"),
        statistics=study_statistics,
        code=stage_sources("draw"),
    output:
        multiext("results/{name}/{study}/figures/{figure}", ".pdf", ".png", ".csv"),
        svg=report(
            "results/{name}/{study}/figures/{figure}.svg",
            caption="../workflow/report/regularization.rst",
            category="Tuning",
            labels={"figure": "{study}: {figure}"},
        ),
    wildcard_constraints:
        figure=made_as("figures", "regularization"),


use rule draw_convergence as draw_time_to_quality with:
    output:
        multiext("results/{name}/{study}/figures/{figure}", ".pdf", ".png", ".csv"),
        svg=report(
            "results/{name}/{study}/figures/{figure}.svg",
            caption="../workflow/report/time_to_quality.rst",
            category="Convergence",
            labels={"figure": "{study}: {figure}", "axis": "seconds"},
        ),
    wildcard_constraints:
        figure=made_as("figures", "time_to_quality"),


use rule draw_convergence as draw_trend with:
    input:
        rows=part_files(".parquet"),
        records=part_files(".json"),
        code=packed_sources("draw"),
    output:
        multiext("results/{name}/{study}/figures/{figure}", ".pdf", ".png", ".csv"),
        svg=report(
            "results/{name}/{study}/figures/{figure}.svg",
            caption="../workflow/report/trend.rst",
            category="Experiments",
            labels={"figure": "{study}: {figure}"},
        ),
    wildcard_constraints:
        figure=made_as("figures", "trend"),


use rule draw_trend as draw_recovery with:
    output:
        multiext("results/{name}/{study}/figures/{figure}", ".pdf", ".png", ".csv"),
        svg=report(
            "results/{name}/{study}/figures/{figure}.svg",
            caption="../workflow/report/recovery_figure.rst",
            category="Experiments",
            labels={"figure": "{study}: {figure}"},
        ),
    wildcard_constraints:
        figure=made_as("figures", "recovery", "distance", "descent", "curvature", "tensor"),


rule compare:
    input:
        metrics=study_files("metrics.json"),
        chosen=tuning_files("chosen.json"),
        trials=tuning_files("trials.csv"),
        statistics=study_statistics,
        rows=part_files(".parquet"),
        records=part_files(".json"),
        published=published_file,
        code=packed_sources("compare"),
    output:
        csv="results/{name}/{study}/paper_vs_ours.csv",
        order="results/{name}/{study}/paper_vs_ours_order.csv",
        md="results/{name}/{study}/paper_vs_ours.md",
        html=report(
            "results/{name}/{study}/paper_vs_ours.html",
            caption="../workflow/report/paper_vs_ours.rst",
            category="Paper versus ours",
            labels={"study": "{study}", "configuration": "{name}"},
        ),
    log:
        "logs/compare/{name}/{study}.log",
    wildcard_constraints:
        study=one_of([study.name for study in plan.studies() if study.published]),
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="10m",
        gpu=0,
        machine=SHARE,
    params:
        contents=study_contents,
        folder=subpath(output.csv, parent=True),
    message:
        "paper versus ours of {wildcards.study}"
    shell:
        "python -m dotbench.cli.compare --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"
