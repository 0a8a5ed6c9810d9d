"""Video models as trackers: small random ones, and the traps of transformers' sessions that the wrapper is
there to avoid, each shown to be one where that is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from networks import VIDEO_SIDE as SIDE
from networks import tiny_video_model as tiny
from phantoms import ellipse, speckled
from uniultra.errors import ModelError, PromptError
from uniultra.geometry import ModelMap, whole
from uniultra.model_facts import ModelFacts
from uniultra.models.adapted import AdapterFacts, open_adapted, save_adapter, weights_sha256
from uniultra.models.build import ADAPTER_PARTS, PAPER, load
from uniultra.tracking import affected, track, track_as_found
from uniultra.tracking.beginning import TrackedMask
from uniultra.types import Cine, Frame, Prompt
from uniultra.video_models.open import KINDS, open_video_tracker
from uniultra.video_models.tracker import VideoTracker

FRAME_HW = (80, 120)
FRAMES = [speckled(ellipse(FRAME_HW, (40 + n, 40), (16, 12)), n) for n in range(24)]
BOX, OTHER = Prompt((24.0, 28.0, 56.0, 52.0)), Prompt((70.0, 10.0, 110.0, 44.0))


@pytest.fixture(scope="module", params=sorted(KINDS))
def tracker(request: pytest.FixtureRequest) -> VideoTracker:
    return wrapped(tiny(request.param), request.param)


def wrapped(model: Any, kind: str) -> VideoTracker:
    return VideoTracker(model, KINDS[kind][1], ModelFacts("tiny", "random", SIDE, 1.0))


def cine_of(frames: Sequence[Frame]) -> Cine:
    return Cine("cine", FRAME_HW, len(frames), lambda n: frames[n], lambda: iter(frames))


def logits(answers: Sequence[TrackedMask]) -> list[np.ndarray]:
    return [one.guess.logits_hw for one in answers]


def followed(
    tracker: VideoTracker, frames: Sequence[Frame], prompts: dict[int, Prompt]
) -> list[list[np.ndarray]]:
    answers, state = tracker.begin(frames[0], prompts)
    found = [logits(answers)]
    for frame in frames[1:]:
        answers, state = tracker.step(state, frame)
        found.append(logits(answers))
    return found


def session_of(tracker: VideoTracker, pixels: Sequence[torch.Tensor]) -> Any:
    """transformers' own session on a whole clip."""
    height, width = FRAME_HW
    return tracker.session_type(torch.stack(list(pixels)), height, width, dtype=torch.float32)


def test_it_answers_as_transformers_own_session_does(tracker: VideoTracker) -> None:
    """One structure, in a clip of more frames than pointers are remembered: there streaming is the same."""
    pixels = [tracker._run(frame, 0).pixels for frame in FRAMES]
    session = session_of(tracker, pixels)
    session.obj_id_to_idx(1)
    inputs = tracker._inputs(BOX, tracker._map(FRAMES[0]))
    session.add_point_inputs(0, 0, inputs)
    session.obj_with_new_inputs = [1]
    with torch.inference_mode():
        tracker.model(session, frame_idx=0)
    theirs = [answer.pred_masks[0, 0] for answer in tracker.model.propagate_in_video_iterator(session)]
    answers, state = tracker.begin(FRAMES[0], {1: BOX})
    for number, frame in enumerate(FRAMES):
        if number:
            answers, state = tracker.step(state, frame)
        low = theirs[number].numpy()
        expected = ModelMap(whole(FRAME_HW), low.shape[-1]).paste_logits(low, FRAME_HW)
        assert np.allclose(answers[0].guess.logits_hw, expected, atol=1e-3)
    assert not np.allclose(theirs[0], theirs[-1], atol=0.01)  # so this can fail


def test_a_correction_on_a_tracked_frame_is_followed(tracker: VideoTracker) -> None:
    _, state = tracker.begin(FRAMES[0], {1: BOX})
    for frame in FRAMES[1:6]:
        _, state = tracker.step(state, frame)
    uncorrected, _ = tracker.step(state, FRAMES[6])
    _, corrected = tracker.begin(FRAMES[5], {1: OTHER}, state)
    answers, _ = tracker.step(corrected, FRAMES[6])
    assert not np.allclose(logits(answers)[0], logits(uncorrected)[0], atol=1e-3)
    fresh = followed(tracker, FRAMES[5:7], {1: OTHER})
    assert np.allclose(logits(answers)[0], fresh[1][0], atol=1e-5)


def test_transformers_own_session_drops_a_correction(tracker: VideoTracker) -> None:
    """What the test above is for: were this to change, the wrapper could be simpler."""

    session = session_of(tracker, [tracker._run(frame, 0).pixels for frame in FRAMES[:8]])
    session.obj_id_to_idx(1)
    to_model = tracker._map(FRAMES[0])
    for number, prompt in ((0, BOX), (5, OTHER)):
        session.add_point_inputs(0, number, tracker._inputs(prompt, to_model))
        session.obj_with_new_inputs = [1]
        with torch.inference_mode():
            for frame in range(number, number + 6 if number == 0 else number + 1):
                tracker.model(session, frame_idx=frame)
    assert list(session.output_dict_per_obj[0]["cond_frame_outputs"]) == [0]
    assert 5 in session.output_dict_per_obj[0]["non_cond_frame_outputs"]


def test_prompts_on_several_frames_all_count(tracker: VideoTracker) -> None:
    prompts = {0: {1: BOX}, 8: {1: OTHER}}
    both = list(track(tracker, cine_of(FRAMES[:12]), prompts))
    first = followed(tracker, FRAMES[:8], {1: BOX})
    second = followed(tracker, FRAMES[8:12], {1: OTHER})
    for result, expected in zip(both, [*first, *second], strict=True):
        if result.objects[0].status in ("sure", "unsure"):
            assert np.array_equal(result.masks[0].mask_hw, expected[0] > 0)
    assert {result.objects[0].status for result in both} & {"sure", "unsure"}
    assert affected(prompts, 1, 0, 12) == range(8)


def test_a_late_structure_is_followed_backwards_from_its_prompt(tracker: VideoTracker) -> None:
    found = list(track_as_found(tracker, cine_of(FRAMES[:10]), {0: {1: BOX}, 6: {2: OTHER}}))
    alone = [result for result in found if [one.number for one in result.objects] == [2]]
    before = [result for result in alone if (result.number or 0) < 6]
    assert [result.number for result in before] == [5, 4, 3, 2, 1, 0]
    backwards = followed(tracker, FRAMES[6::-1], {2: OTHER})
    for result, expected in zip(before, backwards[1:], strict=True):
        if result.objects[0].status in ("sure", "unsure"):
            assert np.allclose(result.objects[0].mask.logits_hw, expected[0], atol=1e-5)


def test_structures_with_unequal_clicks_leave_each_other_alone(tracker: VideoTracker) -> None:
    one = Prompt(None, ((40.0, 40.0),), (1,))
    three = Prompt(None, ((90.0, 20.0), (95.0, 24.0), (30.0, 70.0)), (1, 1, 0))
    together = followed(tracker, FRAMES[:8], {1: one, 2: three})
    for place, prompt in enumerate((one, three)):
        alone = followed(tracker, FRAMES[:8], {place + 1: prompt})
        for both, own in zip(together, alone, strict=True):
            assert np.allclose(both[place], own[0], atol=1e-5)


def test_a_late_prompt_changes_nothing_of_what_is_followed(tracker: VideoTracker) -> None:
    alone = followed(tracker, FRAMES[:10], {1: BOX})
    _, state = tracker.begin(FRAMES[0], {1: BOX})
    for number in range(1, 10):
        answers, state = tracker.step(state, FRAMES[number])
        assert np.allclose(logits(answers)[0], alone[number][0], atol=1e-5)
        if number == 4:
            _, state = tracker.begin(FRAMES[4], {2: OTHER}, state)
    assert state.numbers == (1, 2)


def test_its_memory_is_bounded(tracker: VideoTracker) -> None:
    _, state = tracker.begin(FRAMES[0], {1: BOX, 2: OTHER})
    sizes = []
    for number in range(22):
        _, state = tracker.step(state, FRAMES[number % 24])
        sizes.append(state.nbytes)
    assert len(set(sizes[16:])) == 1
    config = tracker.model.config
    for one in state.objects:
        assert len(one.recent) == config.max_object_pointers_in_encoder - 1
        with_memory = [output for output in one.recent.values() if "maskmem_features" in output]
        assert len(with_memory) == config.num_maskmem - 1


def test_a_short_clip_is_answered_as_the_beginning_of_a_long_one(tracker: VideoTracker) -> None:
    short = list(track(tracker, cine_of(FRAMES[:6]), {0: {1: BOX}}))
    long = list(track(tracker, cine_of(FRAMES), {0: {1: BOX}}))
    for a, b in zip(short, long, strict=False):
        assert np.array_equal(a.masks[0].logits_hw, b.masks[0].logits_hw)


def test_a_mask_is_taken_as_it_is(tracker: VideoTracker) -> None:
    inside = ellipse(FRAME_HW, (40, 40), (16, 12))
    answers, _ = tracker.begin(FRAMES[0], {1: Prompt(None, mask_hw=inside)})
    overlap = 2 * (answers[0].guess.mask_hw & inside).sum() / (answers[0].guess.mask_hw.sum() + inside.sum())
    assert overlap > 0.9


def test_what_is_out_of_view_is_lost_then_absent() -> None:
    model = tiny()
    model.mask_decoder.pred_obj_score_head.proj_out.bias.data -= 60.0
    _, state = (tracker := wrapped(model, "sam2_video")).begin(FRAMES[0], {1: BOX})
    said = []
    for frame in FRAMES[1:7]:
        answers, state = tracker.step(state, frame)
        said.append(answers[0].status)
        assert not answers[0].mask.mask_hw.any()
    assert said == ["lost"] * 3 + ["absent"] * 3


def test_frames_of_another_size_and_prompts_outside_are_refused(tracker: VideoTracker) -> None:
    _, state = tracker.begin(FRAMES[0], {1: BOX})
    with pytest.raises(PromptError, match=r"120x80.*begin again"):
        tracker.step(state, speckled(np.zeros((100, 100), np.bool_)))
    with pytest.raises(PromptError, match="outside"):
        tracker.begin(FRAMES[0], {1: Prompt(None, ((500.0, 40.0),), (1,))})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_folder_opens_and_answers_the_same(kind: str, tmp_path: Path) -> None:
    model = tiny(kind)
    model.save_pretrained(tmp_path / "video")
    opened = open_video_tracker(tmp_path / "video", "cpu")
    assert opened.facts.input_size == SIDE
    expected = followed(wrapped(model, kind), FRAMES[:3], {1: BOX})
    for a, b in zip(followed(opened, FRAMES[:3], {1: BOX}), expected, strict=True):
        assert np.allclose(a[0], b[0], atol=1e-4)


def test_what_is_no_video_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a folder; give that of a video model"):
        open_video_tracker(tmp_path / "nothing")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="'bert' model; the memory tracker takes"):
        open_video_tracker(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match="can't be opened as a video model"):
        open_video_tracker(tmp_path)


def test_a_run_of_adapt_puts_its_encoder_and_decoder_into_its_bases_video_model(tmp_path: Path) -> None:
    """An adapter with adapters in the encoder, which change what is seen from the first frame on."""
    tiny().save_pretrained(tmp_path / "base")
    base = load(tmp_path / "base")
    adapted = load(tmp_path / "base", PAPER)
    added = [(n, p) for n, p in adapted.named_parameters() if any(part in n for part in ADAPTER_PARTS)]
    moved = {name: parameter + 0.2 for name, parameter in added}
    facts = AdapterFacts(str(tmp_path / "base"), weights_sha256(base), "ch-adapter", SIDE, PAPER)
    save_adapter(tmp_path / "run" / "adapter.safetensors", moved, facts)
    opened = open_video_tracker(tmp_path / "run", "cpu")
    plain = followed(open_video_tracker(tmp_path / "base", "cpu"), FRAMES[:2], {1: BOX})
    found = followed(opened, FRAMES[:2], {1: BOX})
    assert not np.allclose(found[0][0], plain[0][0], atol=1e-3)
    encoder = open_adapted(tmp_path / "run").vision_encoder
    for name, value in encoder.state_dict().items():
        assert torch.equal(opened.model.vision_encoder.state_dict()[name], value)
