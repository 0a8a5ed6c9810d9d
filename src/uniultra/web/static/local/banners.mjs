// What is covered on the pictures of each scanner, kept in this browser.

const KEY = "uniultra-banners";
export const scannerOf = ({ scanner, kind, width, height }) => scanner ?? `${kind} ${width} x ${height}`;
const all = () => JSON.parse(localStorage.getItem(KEY)) ?? {};
export const bannersOf = (image) => all()[scannerOf(image)] ?? [];

export function keepBanners(image, { boxes }) {
  localStorage.setItem(KEY, JSON.stringify({ ...all(), [scannerOf(image)]: boxes }));
  return null;
}
