// When each frame was taken, as uniultra/io/dicom/cine.py has it (PS3.3 C.7.6.5 and C.7.6.6).

import { real, reals, tagAt } from "./dicom_elements.mjs";

const FRAME_TIME = 0x00181063,
  RATES = [0x00180040, 0x00082144]; // CineRate, RecommendedDisplayFrameRate

// {times_s, notes}: seconds from the first frame, or null where the file doesn't say. What FrameIncrementPointer names
// comes first, then FrameTimeVector, FrameTime and the two rates.
export function timesOf(view, found, count) {
  if (count < 2) return { times_s: null, notes: [] };
  const step = real(view, found.get(FRAME_TIME)),
    vector = reals(view, found.get(0x00181065));
  const steady = step > 0 ? Array.from({ length: count }, (_, i) => (i * step) / 1000) : null;
  if (steady && pointers(view, found.get(0x00280009)).includes(FRAME_TIME)) {
    const ignored = "FrameTimeVector is not used: FrameIncrementPointer names FrameTime";
    return { times_s: steady, notes: vector ? [ignored] : [] };
  }
  const fault = vector ? faultOf(vector, count) : "";
  const notes = fault ? [fault] : [];
  if (vector && !fault) return { times_s: summed(vector), notes };
  const rate = RATES.map((tag) => real(view, found.get(tag))).find((one) => one > 0);
  return { times_s: steady ?? (rate ? Array.from({ length: count }, (_, i) => i / rate) : null), notes };
}

function faultOf(vector, count) {
  if (vector.length !== count)
    return `FrameTimeVector has ${vector.length} entries for ${count} frames and is not used`;
  return vector.every((step) => step >= 0) ? "" : "FrameTimeVector goes back and is not used";
}

function summed(vector) {
  let milliseconds = 0;
  return vector.map((step, index) => (milliseconds += index ? step : 0) / 1000);
}

function pointers(view, element) {
  return Array.from({ length: (element?.length ?? 0) >> 2 }, (_, i) => tagAt(view, element.at + 4 * i));
}
