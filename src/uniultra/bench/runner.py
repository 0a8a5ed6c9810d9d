"""The whole run: who takes part, all steps in turn at each number of threads, then what fresh processes
tell.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from uniultra import __version__
from uniultra.bench.accuracy import Accuracy, check_names, of_others
from uniultra.bench.candidates import STEPS, Contestant, Task, our_model
from uniultra.bench.cold_start import MODULE, run_fresh
from uniultra.bench.machine import describe_machine, load_average, warnings_of, yardstick
from uniultra.bench.timing import Job, Pace, interleave, ratio, spread, timing_of
from uniultra.errors import ModelError, PromptError
from uniultra.machine import usable_cores

SCHEMA_VERSION = 1
PEER_NAMES = ("sam2-tiny", "edgetam", "litemedsam")
YARDSTICK = "yardstick"
PEER_LIBRARIES = ("torch", "transformers")


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        models: published names or folders; the first is what peers are compared to.
        peers: of `PEER_NAMES`.
        task: the image and the box.
        threads: numbers of threads.
        pace: how often.
        command: the module that is the command line, whose `segment` is started afresh.
        fresh: fresh processes per model.
        quick: whether this is only a look, which the report says.
    """

    models: tuple[str, ...]
    peers: tuple[str, ...]
    task: Task
    threads: tuple[int, ...]
    pace: Pace
    command: str
    fresh: int = 5
    quick: bool = False


def check_plan(plan: Plan) -> None:
    """Raises PromptError where the plan can't be."""
    for name in plan.peers:
        if name not in PEER_NAMES:
            raise PromptError(f"peer '{name}' is unknown; use {', '.join(PEER_NAMES)}, or none")
    cores = usable_cores()
    for threads in plan.threads:
        if not 1 <= threads <= cores:
            raise PromptError(
                f"--threads {threads} is not possible here; give numbers from 1 to {cores}, the cores of "
                "this machine"
            )
    if plan.pace.rounds < 1:
        raise PromptError(f"--rounds {plan.pace.rounds} measures nothing; give at least 1")


def run_bench(
    plan: Plan, accuracies: Mapping[str, Accuracy], tick: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    """The content of bench.json. `tick` is told how much of the run is done, 0 to 1.

    Raises:
        FileError, ModelError, PromptError: of the plan's image, models or names.
    """
    load = load_average()
    peers, left_out = _build_peers(plan)
    names = [our_model(model, plan.task, 1).name for model in plan.models] + [peer.name for peer in peers]
    if len(set(names)) < len(names):
        raise PromptError(f"two contestants have the same name ({', '.join(names)}); rename a model's folder")
    check_names(accuracies, names)
    contestants: Sequence[Contestant] = ()
    times: list[dict[str, Any]] = []
    jitter: dict[int, float] = {}
    for index, threads in enumerate(plan.threads):

        def tick_part(share: float, done: int = index) -> None:
            tick(0.9 * (done + share) / len(plan.threads))  # the fresh processes come after them

        contestants, rows, jitter[threads] = _timed(plan, peers, threads, tick_part)
        times += rows
    fresh = _fresh(plan, names)
    tick(1.0)
    timed = {each.name: each.made_with for each in contestants if each.made_with is not None}
    return {
        "schema_version": SCHEMA_VERSION,
        "uniultra_version": __version__,
        "quick": plan.quick,
        "machine": describe_machine(),
        "load_average_before": load,
        "jitter": {str(threads): share for threads, share in jitter.items()},
        "warnings": [*warnings_of(load, usable_cores(), jitter), *of_others(accuracies, timed)],
        "settings": {
            "image": plan.task.image.name,
            "box_xyxy": plan.task.box_xyxy,
            **asdict(plan.pace),
            "fresh_processes": plan.fresh,
        },
        "compared_to": names[0],
        "contestants": [_facts(each, accuracies.get(each.name)) for each in contestants],
        "left_out": left_out,
        "times": times,
        "fresh": fresh,
    }


def _build_peers(plan: Plan) -> tuple[list[Contestant], dict[str, str]]:
    """The peers that can be built here, and why the others can't."""
    missing = [library for library in PEER_LIBRARIES if importlib.util.find_spec(library) is None]
    if missing:
        return [], dict.fromkeys(
            plan.peers, f"needs {', '.join(missing)}; install with: pip install 'uniultra[train]'"
        )
    built, left_out = [], {}
    for name in plan.peers:
        from uniultra.bench.peers import PEERS

        try:
            built.append(PEERS[name](plan.task))
        except ModelError as error:
            left_out[name] = str(error)
    return built, left_out


def _timed(
    plan: Plan, peers: Sequence[Contestant], threads: int, tick: Callable[[float], None]
) -> tuple[list[Contestant], list[dict[str, Any]], float]:
    """The contestants at this number of threads, a row for each step of each, the yardstick's jitter."""
    if peers:
        from uniultra.bench.peers import set_threads

        set_threads(threads)
    contestants = [*(our_model(model, plan.task, threads) for model in plan.models), *peers]
    jobs = [Job(each.name, step, call) for each in contestants for step, call in each.steps.items()]
    jobs.append(Job(YARDSTICK, YARDSTICK, yardstick))
    done, calls = 0, len(jobs) * (plan.pace.rounds + 1)

    def reported() -> None:
        nonlocal done
        done += 1
        tick(done / calls)

    rounds = interleave(jobs, plan.pace, reported)
    ours = {
        job.step: own for job, own in zip(jobs, rounds, strict=True) if job.contestant == contestants[0].name
    }
    times = []
    for job, own in zip(jobs[:-1], rounds[:-1], strict=True):
        compared = ratio(own, ours[job.step]) if job.step in ours else None
        times.append(timing_of(job, own) | {"threads": threads, "ratio": compared})
    return contestants, times, spread(rounds[-1])


def _fresh(plan: Plan, names: Sequence[str]) -> list[dict[str, Any]]:
    """Cold starts of our models, and everyone's peak memory, as a user would meet them: on all cores."""
    box = ",".join(f"{value:g}" for value in plan.task.box_xyxy)
    rows = []
    for model, name in zip(plan.models, names, strict=False):
        options = ["--box", box, "--model", model, "--json"]
        segment = [MODULE, plan.command, "segment", str(plan.task.image), *options]
        found = [run_fresh(segment) for _ in range(plan.fresh)]
        times = [1000.0 * each.seconds for each in found]
        peaks = [each.peak_mb for each in found if each.peak_mb is not None]
        cold = {"cold_ms": median(times), "cold_ms_all": times}
        rows.append({"contestant": name, **cold, "peak_mb": max(peaks, default=None)})
    for name in names[len(plan.models) :]:
        peak = run_fresh([name, str(plan.task.image), box]).peak_mb
        rows.append({"contestant": name, "cold_ms": None, "cold_ms_all": [], "peak_mb": peak})
    return rows


def _facts(contestant: Contestant, accuracy: Accuracy | None) -> dict[str, Any]:
    facts = asdict(replace(contestant, steps={}))
    del facts["steps"]
    steps = [step for step in STEPS if step in contestant.steps]
    return {**facts, "steps": steps, "accuracy": None if accuracy is None else asdict(accuracy)}
