"""`tenprint extract`, `compare`, `search`, `warm`: the engine on files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table, write_file
from tenprint.core.errors import SenderError

ImageFile = Annotated[
    Path,
    typer.Argument(help="One finger: PNG, WSQ, JPEG 2000 or JPEG; or a template: .tpt, ISO 19794-2, ANSI 378, .xyt."),
]
Ppi = Annotated[
    int | None,
    typer.Option(min=200, max=2000, help="Pixels an inch of the image; else what a PNG says, 500 for other kinds."),
]


def extract(
    image: ImageFile,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the template (Template v1) to this file.")
    ] = None,
    ppi: Ppi = None,
    json: Json = False,
) -> None:
    """Find the minutiae of one fingerprint image."""
    from tenprint import bootstrap
    from tenprint.core import template as layout

    started = time.perf_counter()
    template = bootstrap.extract_file(image, ppi)
    seconds = time.perf_counter() - started
    if out is not None:
        write_file(out, template.to_bytes())
    kinds = {"endings": layout.KIND_ENDING, "bifurcations": layout.KIND_BIFURCATION}
    summary = {
        "minutiae": len(template),
        **{name: int((template.kind == kind).sum()) for name, kind in kinds.items()},
        "quality": template.overall_quality,
        "width_px": template.width,
        "height_px": template.height,
        "bytes": len(template.to_bytes()),
        "seconds": round(seconds, 3),
    }
    if json:
        print_json(summary)
    else:
        print_table(str(image), ("what", "value"), summary.items())


def compare(probe: ImageFile, candidate: ImageFile, ppi: Ppi = None, json: Json = False) -> None:
    """Compare two fingerprints, and say what the score is made of."""
    from dataclasses import asdict

    from tenprint import bootstrap
    from tenprint.engine.compare import compare as compare_templates

    found = compare_templates(bootstrap.extract_file(probe, ppi), bootstrap.extract_file(candidate, ppi))
    terms = asdict(found.terms)
    if json:
        print_json({"score": found.score, "terms": terms, "pairs": len(found.pairs)})
        return
    print_table(
        "Terms of the score", ("term", "value"), [*terms.items(), ("pairs", len(found.pairs)), ("score", found.score)]
    )
    console.print("A score is no decision: a person decides.", style="dim")


def search(
    card: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file with single-finger images.")],
    party: Annotated[str, typer.Option(help="Whose gallery.")] = "immigration_repository",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many candidates.")] = 5,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Search a card's fingers in a party's gallery. Nothing is stored or sent."""
    from tenprint import bootstrap, records
    from tenprint.cli.output import read_file

    images = records.read(read_file(card)).images()
    with bootstrap.open_network(data) as network:
        matcher = network.node(party).services.matcher
        extraction = matcher.extract(images)
        if not extraction.templates:
            raise SenderError("NO_USABLE_FINGER", f"{card} has no usable single-finger image")
        started = time.perf_counter()
        result = matcher.search(extraction.templates, limit)
        seconds = time.perf_counter() - started
    rows = [
        {
            "rank": c.rank,
            "subject": c.subject_id,
            "score": c.score,
            "fingers": {f.title: s for f, s in c.fingers.items()},
        }
        for c in result.candidates
    ]
    failures = {finger.title: why for finger, why in extraction.failures.items()}
    if json:
        print_json(
            {
                "candidates": rows,
                "subjects_searched": result.subjects_searched,
                "subjects_without_common_finger": result.subjects_without_common_finger,
                "seconds": seconds,
                "failures": failures,
            }
        )
        return
    print_table(
        "Candidates (no decision)", ("rank", "subject", "score"), ((r["rank"], r["subject"], r["score"]) for r in rows)
    )
    console.print(f"{result.subjects_searched} subjects in {seconds:.2f} s; fingers used: {len(extraction.templates)}")
    for finger, why in failures.items():
        console.print(f"not used: {finger}: {why}", markup=False)


def warm() -> None:
    """Build what is built once: the network's graph and the compiled kernels. `make setup` calls this."""
    from tenprint import bootstrap

    for name, seconds in bootstrap.warm():
        console.print(f"{name}: ready in {seconds:.1f} s")
