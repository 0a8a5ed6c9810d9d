#!/usr/bin/env bash
# transformers 5.24.0, SAM 2's video model: tracked backwards, a prompt for one structure changes the other's mask on that frame.
#
# Expected: structures in one session are tracked each by itself, as they are when nothing is prompted on the way: beside another one as
# alone, forwards and backwards.
# What happens: two structures are prompted on frame 20 and tracked backwards to 11; there the first is corrected on frame 10, and both go on
# to 0. On frame 10 the second is answered as though the clip ran forwards: its memory is taken from frames 0 to 9, where nothing was
# tracked, rather than from 11 to 16. Its mask there has an IoU of 0.2 to 0.4 with what it is without the first's prompt, and the frames after
# remember that. The loop over objects sets its one "reverse" to False for the first and leaves it so for all that follow; were
# the corrected structure the last of the list, nothing would happen on that frame. Forwards and backwards the others' memories of a frame on
# which anyone has a prompt are made from hard masks, as a prompted one's are, in place of probabilities, so that they drift apart later.
# Why it matters: a heart tracked both ways from end-diastole, with the wall corrected once, has another cavity on that very frame. The
# lines are the same in Sam3TrackerVideo, and the first of the two in EdgeTAM's.
# Seen on 29 November 2026 with transformers 5.24.0, torch 2.13.0, numpy 2.4.6, Python 3.11; small models of random weights, three of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check transformers==5.24.0 numpy==2.4.6
cd "$folder"
HF_HUB_OFFLINE=1 venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import numpy as np
import torch
import transformers
from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VideoModel, Sam2VideoProcessor, Sam2VisionConfig
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

SIDE, FRAMES, PROMPTED, CORRECTED = 64, 24, 20, 10
torch.set_num_threads(1)
torch.manual_seed(0)
backbone = Sam2HieraDetConfig(
    hidden_size=16, num_attention_heads=1, image_size=[SIDE, SIDE], blocks_per_stage=[1, 1, 1, 1],
    embed_dim_per_stage=[16, 32, 64, 128], num_attention_heads_per_stage=[1, 1, 2, 4], window_size_per_stage=[4, 4, 4, 2],
    global_attention_blocks=[],
)
vision = Sam2VisionConfig(
    backbone_config=backbone, backbone_channel_list=[128, 64, 32, 16],
    backbone_feature_sizes=[[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
)
model = Sam2VideoModel(Sam2VideoConfig(
    vision_config=vision, prompt_encoder_config={"image_size": SIDE}, image_size=SIDE, mask_decoder_config={"mlp_dim": 64},
    memory_attention_num_layers=1, memory_attention_rope_feat_sizes=[4, 4], memory_attention_feed_forward_hidden_size=64,
)).eval()
# The processor's own constructor wants torchvision, which masks as prompts have no use for.
processor = Sam2VideoProcessor.__new__(Sam2VideoProcessor)
processor.target_size = SIDE
give = processor.add_inputs_to_inference_session
torch.manual_seed(7)
clip = torch.rand(FRAMES, 3, SIDE, SIDE) * 2 - 1
cavity, wall = np.zeros((2, SIDE, SIDE), bool)
cavity[4:30, 4:30], wall[34:60, 34:60] = True, True


def weights(seed):
    torch.manual_seed(seed)
    for weight in model.parameters():
        if weight.dim() > 1:
            weight.normal_(0, 1.5 / weight[0].numel() ** 0.5)


def tracked(names, masks, reverse, corrected=None):
    """Logits of each structure on each frame, a frame's by its number."""
    start, middle = (PROMPTED, CORRECTED) if reverse else (0, CORRECTED)
    session = Sam2VideoInferenceSession(clip, SIDE, SIDE, dtype=torch.float32)
    give(session, start, list(names), input_masks=masks)
    found = {}

    def run(first, **more):
        for answer in model.propagate_in_video_iterator(session, start_frame_idx=first, reverse=reverse, **more):
            found[answer.frame_idx] = dict(zip(names, answer.pred_masks[:, 0].clone(), strict=True))

    run(start, max_frame_num_to_track=abs(start - middle) - 1)
    if corrected:
        give(session, middle, corrected, input_masks=[wall])
    run(middle, **({} if reverse else {"max_frame_num_to_track": 12}))
    return found


def apart(first, second, name):
    """The largest difference of a structure's logits by frame."""
    return {frame: (first[frame][name] - second[frame][name]).abs().max().item() for frame in first}


def overlap(first, second):
    first, second = first > 0, second > 0
    return (first & second).sum().item() / max(1, (first | second).sum().item())


print("transformers", transformers.__version__, "torch", torch.__version__)
seen = []
with torch.inference_mode():
    for seed in (1, 3, 5):
        weights(seed)
        alone = tracked([2], [cavity], True)
        plain = tracked([1, 2], [wall, cavity], True)
        first = tracked([1, 2], [wall, cavity], True, corrected=1)
        last = tracked([2, 1], [cavity, wall], True, corrected=1)
        ahead, ahead_corrected = (tracked([1, 2], [wall, cavity], False, corrected=one) for one in (None, 1))
        beside = min(overlap(alone[frame][2], plain[frame][2]) for frame in alone)
        backwards, at_end, forwards = (apart(*pair, 2) for pair in ((plain, first), (plain, last), (ahead, ahead_corrected)))
        iou = overlap(plain[CORRECTED][2], first[CORRECTED][2])
        later = min(overlap(plain[frame][2], first[frame][2]) for frame in range(CORRECTED))
        print(f"weights {seed}: structure 2 beside 1 and alone: IoU {beside:.3f} at least; 1 prompted on frame 10 of a run backwards:")
        print(f"    IoU of 2 with itself on frame 10 {iou:.2f}, least on 0 to 9 {later:.2f}; 1 last in the list:",
              f"{at_end[CORRECTED]:g} apart on 10, {max(at_end.values()):.2f} at most;",
              f"forwards {forwards[CORRECTED]:g} on 10, {max(forwards.values()):.2f} at most")
        seen.append(
            beside > 0.97 and iou < 0.8 and backwards[CORRECTED] > 10 and at_end[CORRECTED] == 0 < max(at_end.values())
            and forwards[CORRECTED] == 0 and max(forwards.values()) > 0.01
        )
raise SystemExit(0 if all(seen) else "transformers does otherwise now")
PYTHON
