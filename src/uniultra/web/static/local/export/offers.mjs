// What can be written of an image, and why not; small, as it is loaded with the first file that is opened.

import { text } from "../dicom_elements.mjs";
import { saying } from "../said.mjs";

const VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"; // Enhanced US Volume, whose frames lie side by side in space
export const UIDS = { sopClass: 0x00080016, instance: 0x00080018, study: 0x0020000d, series: 0x0020000e };

// Kind to "", or the reason why not.
export async function offers(image) {
  const dicom = image.raw ? whyNotDicom(image.raw) : saying("needs-dicom", "it needs a DICOM image to refer to");
  const derived = Object.fromEntries(["seg", "sr", "sc"].map((kind) => [kind, dicom]));
  const own = Object.fromEntries(["csv", "nifti", "nrrd", "itksnap", "coco", "yolo", "labelme", "cvat"].map((kind) => [kind, ""]));
  if (image.count === 1) return { ...derived, ...own };
  const { whyNoMovie } = await import("./movie.mjs");
  return { ...derived, ...own, movie: await whyNoMovie(image) };
}

// Why nothing can refer to a DICOM file that was opened here; "" where something can.
function whyNotDicom({ view, found }) {
  const uids = Object.fromEntries(Object.entries(UIDS).map(([name, tag]) => [name, text(view, found.get(tag))]));
  if (!Object.values(uids).every((uid) => /^[0-9.]{1,64}$/.test(uid))) return saying("lacks-uid", "the file lacks a UID that a reference needs");
  return uids.sopClass === VOLUME ? saying("of-planes", "its frames are planes of a volume: run `uniultra open`") : "";
}
