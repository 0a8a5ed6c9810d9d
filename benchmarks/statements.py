"""Statements of two checkouts by part, what is a new ability apart from what was there before.

    python benchmarks/statements.py OLD/src/uniultra src/uniultra

A statement is one of Python's grammar, docstrings included, so that the width of lines doesn't count. What
the old checkout could not do at all is a new ability: whole files that are for it alone (`FILES`), and
functions and classes that are for it within files that have more to do (`INSIDE`). Both counts are printed.
What an ability added elsewhere, such as a flag, an argument or a branch, counts as what was there, so both
are upper bounds. Where it is in doubt whether the old checkout could do something, it isn't in the tables.

Stops where a row of `INSIDE` names what isn't there, or what the old checkout has under the same name.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

FILES = {
    "tracking": (
        "tracking/*", "evaluation/tracking/*", "cli/track.py", "cli/track_protocol.py", "prompts/tracks.py",
        "outputs/course*.py", "web/cine_*.py", "web/held_cines.py", "video_models/*",
        "cli/terminal/course_lines.py",
    ),
    "the page": ("web/workspace/*", "cli/open.py", "measure/agreement.py"),
    "other programs": ("hosts/*", "export/host_*.py", "export/graph_builder.py"),
    "archives and DICOM results": (
        "io/dicomweb.py", "io/dimse.py", "io/sending.py", "batch/watch.py", "cli/terminal/archives.py",
        "cli/terminal/watching.py", "io/dicom/seg_reader.py", "io/dicom/sr_reader.py", "io/dicom/sc.py",
        "io/dicom/captured.py", "io/dicom/identity.py", "io/priors.py", "outputs/reports.py", "structures.py",
        "web/dicom_*.py", "web/worker_dicom.py",
    ),
    "formats": (
        "io/hdf5/*", "io/metaimage.py", "io/nrrd.py", "io/plus.py", "io/volumes.py", "io/annotation_files.py",
        "io/polygons.py", "io/label_maps.py", "io/place.py", "io/colours.py",
        "io/dicom/colour.py", "io/dicom/deflated.py", "io/dicom/groups.py",
    ),
    "simulated cines": ("data/simulation/*",),
    "training and models": (
        "training/minute.py", "training/frozen_views.py", "training/distill_decoder.py", "models/narrow*.py",
        "data/unnamed.py",
    ),
    "importers": ("data/importers/echonet.py", "data/importers/nnunet.py"),
    "published splits, hub": (
        "data/published.py", "data/importers/muscle_apo.py", "backends/hub.py", "export/hub_folder.py",
    ),
    "show, annotated overlays": (
        "cli/show.py", "io/pixel_grid.py", "cli/terminal/inline_image.py", "io/annotations.py",
        "outputs/result_picture.py",
    ),
    "kill- and power-safe files, silence": (
        "stages.py", "durable.py", "offline.py", "parallel.py", "cli/terminal/ending.py",
    ),
    "frames that can't be read cost only themselves": ("outputs/faults.py",),
    "evaluation: seeds, further prompts": ("evaluation/spread.py",),
    "help as it is written, empty arguments refused": ("cli/terminal/help_text.py",),
}  # fmt: skip
"""What 117ac18 could not do, and the files that are for it alone."""
INSIDE = {
    "tracking": (
        "backends/onnx.py:OnnxBackend.one_threaded", "segmenter.py:Segmenter.one_threaded",
        "batch/job.py:Item.tracked", "batch/job.py:plain_track",
        "data/manifest_text.py:frame_of", "data/manifest_text.py:_frame_faults",
        "data/manifest_text.py:_same_frames", "outputs/frame_choice.py:span_of",
        "outputs/plan.py:OutputPlan.track_paths", "results.py:with_names",
    ),
    "the page": (
        "geometry.py:stays_within", "io/video.py:_is_tinted", "io/video.py:video_colours",
        "segmenter.py:Refined", "segmenter.py:Segmenter._next_region",
        "segmenter.py:Segmenter.refine", "text.py:Said", "text.py:said_in",
        "web/messages.py:FileJob",
    ),
    "other programs": ("cli/export.py:_export_for", "cli/serve.py:_serve_host"),
    "archives and DICOM results": (
        "batch/job.py:Job.again", "batch/records.py:_sent_name", "batch/records.py:mark_sent",
        "batch/records.py:unsent",
        "cli/terminal/measure_text.py:_row_json", "cli/terminal/measure_text.py:_table",
        "cli/terminal/measure_text.py:reported_lines", "cli/terminal/options.py:parse_labels",
        "io/dicom/sr.py:Ejection", "io/dicom/sr.py:Moment", "io/dicom/sr.py:_ejection",
        "io/dicom/sr.py:_what", "io/dicom/sr.py:concept", "outputs/cine_dicom.py:CineDicom._keep",
        "outputs/cine_dicom.py:CineDicom._report", "outputs/cine_dicom.py:CineDicom.phases",
        "outputs/cine_dicom.py:ejection_of",
        "outputs/plan.py:dicom_paths", "outputs/saved_masks.py:_layers", "outputs/saved_masks.py:_of_seg",
        "outputs/structured.py:_called", "prompts/grouping.py:group_prior",
        "prompts/objects.py:named_prompts", "prompts/objects.py:names_of", "prompts/table.py:_label",
        "results.py:ObjectResult.label", "web/client.py:Client.dicom", "web/messages.py:Derive",
        "web/messages.py:DeriveCine", "web/messages.py:Derived", "web/messages.py:Origin",
        "web/messages.py:Upload", "web/schemas.py:DicomIn", "web/schemas.py:NamedIn",
        "web/schemas.py:StructureIn", "web/schemas.py:TrackDicomIn",
    ),
    "formats": (
        "io/dicom/cine.py:_pointers", "io/dicom/grayscale.py:padding_of", "io/dicom/grayscale.py:range_of",
        "io/dicom/regions.py:_with_aspect",
        "io/nifti.py:_place", "io/nifti.py:_says_where", "io/nifti.py:place_of",
        "io/texts.py:composed", "io/texts.py:encoding_of", "io/texts.py:separator_of",
        "io/video.py:_aspect", "io/video.py:_format_of", "io/video.py:_turned",
        "outputs/frame_files.py:_legend", "outputs/frame_files.py:_write_nrrd",
        "pixel_scale.py:Calibration.with_aspect",
    ),
    "simulated cines": ("cli/data.py:simulate", "cli/data.py:simulate_cine"),
    "training and models": (
        "data/dataset.py:PromptDataset.unnamed", "data/dataset.py:_around_click",
        "data/dataset.py:_draw_click", "data/distill_dataset.py:RecurringViews",
        "data/prompt_simulation.py:sam2_box", "data/prompt_simulation.py:widen_box",
        "models/build.py:DecoderSize", "models/build.py:with_decoder",
        "training/adapt.py:steps_for", "training/config.py:DecoderSettings", "training/config.py:FewSettings",
        "training/config_io.py:_check_corrections",
        "training/interactive_loss.py:InteractiveTrainer._handed_on",
        "training/interactive_loss.py:clicked_bce", "training/interactive_loss.py:error_under",
        "training/teacher_cache.py:AnswerCache",
    ),
    "the quality of clicks and of previous masks": (
        "cli/calibrate.py:_by_prompt", "cli/export.py:_is_by_prompt", "cli/export.py:_terms_of",
        "evaluation/quality.py:Answers", "evaluation/quality.py:_is_box", "evaluation/quality.py:fit_terms",
        "evaluation/quality.py:read_by_prompt", "model_facts.py:read_quality", "quality.py:PromptQuality",
        "segmenter.py:Segmenter._rated",
    ),
    "published splits, hub": ("backends/open.py:_fetched", "data/set_import.py:_by_table"),
    "kill- and power-safe files, silence": (
        "atomic.py:_identity", "atomic.py:_keep_old", "atomic.py:_put_new", "atomic.py:_put_without_links",
        "atomic.py:_take_back",
    ),
    "frames that can't be read cost only themselves": (
        "outputs/cine_files.py:CineFiles._list_faults", "outputs/structured.py:fault_json",
    ),
    "evaluation: seeds, further prompts": (
        "cli/work/evaluation.py:seeded", "data/prompt_simulation.py:scribble",
        "evaluation/protocol.py:drawn_rows", "evaluation/report/run_report.py:_seeded",
        "evaluation/report/run_report.py:spread_table", "evaluation/settings.py:parse_seeds",
        "evaluation/simulated_user.py:_beginning",
    ),
    "alternatives of a click": (
        "outputs/structured.py:alternative_json", "postprocess.py:distinct", "results.py:segment_ambiguous",
        "segmenter.py:Segmenter.alternatives",
    ),
    "--override-scale, scales beside masks": (
        "outputs/earlier.py:Written", "outputs/saved_masks.py:_beside",
        "outputs/earlier.py:_scale", "outputs/earlier.py:of_frame", "outputs/earlier.py:saved_beside",
        "outputs/earlier.py:saved_structures", "pixel_scale.py:Calibration.overridden",
    ),
    "passes in model.json, holes filled": (
        "backends/torch.py:passes_of", "backends/torch.py:known_passes",
        "model_facts.py:_number", "model_facts.py:_wrong", "model_facts.py:changed_passes",
        "model_facts.py:read_passes", "postprocess.py:without_holes",
    ),
    "names safe to show in errors of options, --frame 1-5, a last line of the demo that works": (
        "cli/demo.py:try_it", "cli/main.py:_Commands", "cli/main.py:_printable_errors",
        "cli/terminal/options.py:one_frame",
    ),
    "Python: labels left out, lists and arrays, wrong ones refused, names in help": (
        "__init__.py:__dir__", "arguments.py:described", "arguments.py:is_size",
        "arguments.py:prompt_sequences", "arguments.py:tuple_of", "prompt_checks.py:check_frame",
    ),
    "notes on prompts, masks and volumes": (
        "measure/volume.py:apart_notes", "measure/volume.py:volume_notes",
        "outputs/saved_masks.py:SavedMask.notes_of", "postprocess.py:_covers", "postprocess.py:_holds",
        "postprocess.py:hidden", "postprocess.py:of_nothing", "prompt_checks.py:clipped",
        "prompt_checks.py:contradictions", "results.py:with_masks_notes",
        "results.py:with_hidden", "results.py:objects_notes",
    ),
    "folders of results that anybody wrote, names on Windows": (
        "batch/records.py:_fits", "batch/records.py:_is_record", "batch/records.py:is_result_of",
        "batch/storage.py:Store.written", "batch/storage.py:is_relative",
        "batch/storage.py:local_name",
    ),
    "libraries in results, how a model was prompted in reports": (
        "bench/accuracy.py:of_others", "model_facts.py:ModelFacts.prompting",
        "outputs/structured.py:libraries",
    ),
    "warnings of splits by image": (
        "cli/work/importing.py:names_alike", "data/importers/sample.py:begin_alike",
        "data/importers/sample.py:pattern_for", "data/loading.py:split_by_image",
    ),
}  # fmt: skip
"""The same within files that have more to do: `path:qualified name` of functions and classes."""
PARTS = {
    "command line, prompts, results, outputs": ("cli/*", "outputs/*", "prompts/*", "results.py"),
    "files in and out": ("io/*", "atomic.py"),
    "DICOM": ("io/dicom/*",),
    "measures and scale": ("measure/*", "calibration.py", "pixel_scale.py", "scale_reasons.py"),
    "server": ("web/*", "client.py"),
    "archives (batch)": ("batch/*", "cluster/*", "automatic.py"),
    "data": ("data/*",),
    "training": ("training/*",),
    "networks, engines": ("models/*", "backends/*"),
    "evaluation, bench": ("evaluation/*", "bench/*"),
    "export": ("export/*",),
}
"""By the names of both checkouts; the last part that matches holds a file; what none holds is the core."""


def _first(path: str, table: dict[str, tuple[str, ...]]) -> str:
    return next((name for name, patterns in table.items() if any(fnmatch(path, p) for p in patterns)), "")


def part_of(path: str) -> str:
    """The part that a file belongs to."""
    return _first(path, dict(reversed(PARTS.items()))) or "the core"


def _count(node: ast.AST) -> int:
    return sum(isinstance(each, ast.stmt) for each in ast.walk(node))


def statements(root: Path) -> dict[str, int]:
    """Statements by file, its path below `root`; and by function and class, as `path:qualified name`."""
    counts = {}
    for path in sorted(root.rglob("*.py")):
        tree, name = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(root).as_posix()
        counts[name] = _count(tree)
        counts |= {f"{name}:{place}": _count(node) for place, node in _definitions(tree)}
    return counts


def _definitions(node: ast.Module | ast.ClassDef, within: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Functions and classes by their qualified names; not those within functions."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            yield f"{within}{each.name}", each
        if isinstance(each, ast.ClassDef):
            yield from _definitions(each, f"{within}{each.name}.")


def faults(old: dict[str, int], new: dict[str, int]) -> list[str]:
    """What is wrong with the rows of `INSIDE`, as far as their files are in the checkout."""
    rows = [row for rows in INSIDE.values() for row in rows]
    found = [f"{row} isn't there" for row in rows if row.split(":")[0] in new and row not in new]
    found += [f"{row} was there before" for row in rows if row in old]
    found += [f"the file of {row} is counted whole" for row in rows if _first(row.split(":")[0], FILES)]
    found += [f"{row} is listed twice" for row, count in Counter(rows).items() if count > 1]
    return found


def table(old: dict[str, int], new: dict[str, int]) -> str:
    """Markdown: by part then and now, with whole files apart, and with `INSIDE` apart as well; and below it
    the new abilities.
    """
    then, now, left = Counter[str](), Counter[str](), Counter[str]()
    files, inside = Counter[str](), Counter[str]()
    for path, count in old.items():
        then[part_of(path)] += count * (":" not in path)
    for path, count in new.items():
        if ability := _first(path, FILES):
            files[ability] += count * (":" not in path)
        elif ":" not in path:
            now[part_of(path)] += count
            left[part_of(path)] += count
    for ability, rows in INSIDE.items():
        for row in rows:
            inside[ability] += new.get(row, 0)
            left[part_of(row.split(":")[0])] -= new.get(row, 0)
    lines = ["| part | then | now | | without `INSIDE` | |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    parts = sorted(then | now, key=lambda part: -then[part])
    rows = [(part, then[part], now[part], left[part]) for part in parts]
    rows.append(("**what was there before**", then.total(), now.total(), left.total()))
    for name, before, after, fewer in rows:
        shares = (after / max(before, 1), fewer / max(before, 1))
        lines.append(f"| {name} | {before:,} | {after:,} | {shares[0]:.2f} | {fewer:,} | {shares[1]:.2f} |")
    lines += ["", "| new ability | in files of its own | within others |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {files[name]:,} | {inside[name]:,} |" for name in sorted(files | inside)]
    lines.append(f"| **all** | {files.total():,} | {inside.total():,} |")
    total = now.total() + files.total()
    return "\n".join([*lines, "", f"{then.total():,} statements then, {total:,} now"])


def main() -> None:
    old, new = (statements(Path(root)) for root in sys.argv[1:])
    if wrong := faults(old, new):
        sys.exit("\n".join(wrong))
    print(table(old, new))


if __name__ == "__main__":
    main()
