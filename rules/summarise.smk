# Finished runs and simulations of a study → its tables and figures, and its numbers beside the published ones.
# A kind of table or figure says itself what it reads and writes: one class, `dotbench.reporting.kind.Kind`.


for _kind in table_kinds().values():

    rule:
        name:
            f"table_{_kind.name}"
        input:
            **inputs_of(_kind),
            code=inputs.kind_code("table", _kind),
        output:
            **reported_outputs(
                _kind,
                f"{OWN}/{{study}}/tables/{{report_item}}",
                table="{study}: {report_item}",
                configuration=plan.benchmark.name,
            ),
        log:
            f"logs/table/{plan.benchmark.name}/{{study}}-{{report_item}}.log",
        wildcard_constraints:
            report_item=inputs.made_as(_kind, "tables"),
        localrule: True
        conda:
            "../envs/dotbench.yaml"
        threads: 1
        resources:
            mem_mb=growing(4000),
            runtime=growing(30),
            gpu=0,
            machine=SHARE,
        params:
            contents=inputs.contents,
            folder=subpath(output[0], parent=True),
        message:
            "table {wildcards.report_item} of {wildcards.study}"
        shell:
            "python -m dotbench.cli.job dotbench.cli.table --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


for _kind in figure_kinds().values():

    rule:
        name:
            f"figure_{_kind.name}"
        input:
            **inputs_of(_kind),
            code=inputs.kind_code("figure", _kind),
        output:
            **reported_outputs(
                _kind,
                f"{OWN}/{{study}}/figures/{{report_item}}",
                figure="{study}: {report_item}",
            ),
        log:
            f"logs/figure/{plan.benchmark.name}/{{study}}-{{report_item}}.log",
        wildcard_constraints:
            report_item=inputs.made_as(_kind, "figures"),
        localrule: True
        conda:
            "../envs/dotbench.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
            gpu=0,
            machine=SHARE,
        params:
            contents=inputs.contents,
            folder=subpath(output[0], parent=True),
        message:
            "figure {wildcards.report_item} of {wildcards.study}"
        shell:
            "python -m dotbench.cli.job dotbench.cli.figure --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


rule site:
    input:
        shown=plan.shown(),  # what the page opens behind their numbers is older than they
        code=inputs.code("site"),
        assets=inputs.site_assets,
    output:
        page=f"{OWN}/index.html",
        configuration=f"{OWN}/configuration.json",
    log:
        f"logs/site/{plan.benchmark.name}.log",
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
        gpu=0,
        machine=SHARE,
    params:
        configuration=inputs.configuration,
    message:
        f"site of {plan.benchmark.name}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.site --configuration {params.configuration:q} > {log} 2>&1"


rule compare:
    input:
        **inputs_of(PaperVersusOurs),
        published=inputs.published,
        code=inputs.kind_code("compare", PaperVersusOurs),
    output:
        **reported_outputs(
            PaperVersusOurs,
            f"{OWN}/{{study}}/paper_vs_ours",
            study="{study}",
            configuration=plan.benchmark.name,
        ),
    log:
        f"logs/compare/{plan.benchmark.name}/{{study}}.log",
    wildcard_constraints:
        study=one_of([study.name for study in plan.studies() if study.published]),
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
        machine=SHARE,
    params:
        contents=inputs.contents,
        folder=subpath(output[0], parent=True),
    message:
        "paper versus ours of {wildcards.study}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.compare --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"


rule claims:
    input:
        **inputs_of(ClaimsPage),
        published=inputs.published,
        code=inputs.claims_code,
    output:
        **reported_outputs(
            ClaimsPage,
            f"{OWN}/{{study}}/{{report_item}}",
            study="{study}",
            configuration=plan.benchmark.name,
        ),
    log:
        f"logs/claims/{plan.benchmark.name}/{{study}}-{{report_item}}.log",
    wildcard_constraints:
        study=one_of([study.name for study in plan.studies() if plan.claim_files(study)]),
        report_item="claims",
    localrule: True
    conda:
        "../envs/dotbench.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
        gpu=0,
        machine=SHARE,
    params:
        contents=inputs.contents,
        folder=subpath(output[0], parent=True),
    message:
        "claims of {wildcards.study}"
    shell:
        "python -m dotbench.cli.job dotbench.cli.claims --contents {params.contents:q} --folder {params.folder} > {log} 2>&1"
