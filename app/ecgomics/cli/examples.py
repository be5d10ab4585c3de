"""Command lines that work, shown at the end of each verb's help."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "ingest": (
        "ecgomics ingest ptb-xl/ ptb-xl.zarr",
        "ecgomics ingest strap/ mine.zarr --stated-hz 130 --stated-unit uV",
        "ecgomics ingest files.csv mine.zarr --deidentify basic --report taken.html",
    ),
    "analyse": ("ecgomics analyse ptb-xl.zarr", "ecgomics analyse ptb-xl.zarr --rule-file mine.yaml --workers 2"),
    "embed": ("ecgomics embed ptb-xl.zarr", "ecgomics embed ptb-xl.zarr --encoder small"),
    "encoders": ("ecgomics encoders", "ecgomics encoders ptb-xl.zarr"),
    "project": ("ecgomics project ptb-xl.zarr", "ecgomics project ptb-xl.zarr --encoder small --fit again"),
    "demo": ("ecgomics demo demo.zarr --patients 60",),
    "pretrain": ("ecgomics pretrain ptb-xl.zarr --name own --steps 500",),
    "finetune": ("ecgomics finetune ptb-xl.zarr --label ptbxl-scp:LAFB",),
    "discover": (
        "ecgomics discover ptb-xl.zarr --group label:AFIB --against label:SR --adjust age,sex",
        "ecgomics discover ptb-xl.zarr --group 'rule:lbbb_aha and PR_Int_Global > 200' --dossier lbbb.html",
        "ecgomics discover --recipe lbbb.json",
    ),
    "inspect": ("ecgomics inspect", "ecgomics inspect ecg.dcm --html ecg.html"),
    "export": (
        "ecgomics export ptb-xl.zarr biomarkers --out biomarkers.csv",
        "ecgomics export ptb-xl.zarr biomarkers --long --out long.parquet",
        "ecgomics export ptb-xl.zarr labels --out labels.csv",
    ),
    "catalogue": ("ecgomics catalogue Sokolow", "ecgomics catalogue --html catalogue.html"),
    "rules": (
        "ecgomics rules",
        "ecgomics rules ptb-xl.zarr",
        "ecgomics rules ptb-xl.zarr --rule first_degree_block --against ptbxl-scp:1AVB --html page.html",
    ),
    "compare": ("ecgomics compare ptb-xl.zarr --with neurokit --out agreement.csv",),
    "changes": ("ecgomics changes ptb-xl.zarr --within-days 30 --out changes.csv",),
    "discord": ("ecgomics discord ptb-xl.zarr --rule atrial_fibrillation --model probabilities.csv",),
    "report": (
        "ecgomics report ecg.dcm --out ecg.pdf",
        "ecgomics report ptb-xl.zarr --record 00001_lr --out one.html",
        "ecgomics report ptb-xl.zarr --all --out sheets/ --form .pdf",
    ),
    "patient": (
        "ecgomics patient ptb-xl.zarr",
        "ecgomics patient ptb-xl.zarr 1234 --timeline 1234.html",
        "ecgomics patient ptb-xl.zarr 1234 --export 1234.zip",
    ),
    "copy": ("ecgomics copy ptb-xl.zarr s3://bucket/ptb-xl.zarr",),
    "info": ("ecgomics info ptb-xl.zarr",),
    "check": ("ecgomics check ptb-xl.zarr",),
    "repair": ("ecgomics repair ptb-xl.zarr",),
    "serve": (
        "ecgomics serve ptb-xl.zarr --show",
        "ecgomics serve ptb-xl.zarr --address 0.0.0.0 --access accounts --origin ecg.example.org",
    ),
    "api": ("ecgomics api ptb-xl.zarr", "ecgomics api ptb-xl.zarr --access keys --port 8000"),
    "people": (
        "ecgomics people add ada --role annotator --cohort ptb-xl.zarr",
        "ecgomics people key ada --label script --scope read --cohort ptb-xl.zarr",
        "ecgomics people --cohort ptb-xl.zarr",
    ),
    "agreement": ("ecgomics agreement ptb-xl.zarr ada bob", "ecgomics agreement ptb-xl.zarr ada machine"),
    "backup": ("ecgomics backup ptb-xl.zarr copy/",),
    "restore": ("ecgomics restore copy/ ptb-xl.zarr",),
    "stream": (
        "ecgomics stream polar my.zarr --record",
        "ecgomics stream replay:holter.edf my.zarr --speed 10 --seconds 60",
        "ecgomics stream --list my.zarr",
    ),
    "recordings": ("ecgomics recordings my.zarr", "ecgomics recordings my.zarr --take strap/1"),
    "bench": ("ecgomics bench waves ludb/data/", "ecgomics bench waves --speed"),
}
"""Examples of every verb: whole command lines, the commonest first."""


def told(verb: str) -> str:
    """A verb's examples as the help shows them, ending with an empty line."""
    return "examples:\n" + "".join(f"  {line}\n" for line in EXAMPLES[verb]) + "\n"
