// What the page asks its server: the code of the address for a cookie and a key, then everything with both.

import { app, changed, itemPath } from "./state.mjs";
import { hear } from "./texts.mjs";

const KEY = "uniultra-key";

// A refusal: `kind` is the end of its type ("conflict", "prompt", ...), "offline" where nobody answered.
export class Refused extends Error {
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}

// Who reads in this tab; "" is the first reader.
export const reader = () => sessionStorage.getItem("uniultra-reader") ?? "";

// Goes on as another reader.
export function readAs(name) {
  sessionStorage.setItem("uniultra-reader", name);
  location.reload();
}

// Exchanges the code in the address, which then leaves the address bar and the history.
export async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  const found = await send("POST", "/v1/workspace/enter", JSON.stringify({ code }), "application/json");
  localStorage.setItem(KEY, (await found.json()).key);
}

export const getJson = async (path) => heard(await (await send("GET", path)).json());
export const getBlob = async (path) => (await send("GET", path)).blob();

// `signal`: of an AbortController; an answer that nobody waits for is the server's work no more.
export async function sendJson(method, path, value, signal) {
  const found = await send(method, path, JSON.stringify(value), "application/json", signal);
  return found.status === 204 ? null : heard(await found.json());
}

export async function sendFile(file) {
  const path = `/v1/workspace/files?name=${encodeURIComponent(file.name)}`;
  return (await send("POST", path, file, "application/octet-stream")).json();
}

function heard(answer) {
  hear(answer);
  return answer;
}

async function send(method, path, body, type, signal) {
  const headers = { "X-Uniultra-Key": localStorage.getItem(KEY) ?? "" };
  if (reader()) headers["X-Uniultra-Reader"] = encodeURIComponent(reader());
  if (ofShown(method, path)) headers["X-Uniultra-Stamp"] = app.file.stamp;
  if (type) headers["Content-Type"] = type;
  let answer;
  try {
    answer = await fetch(path, { method, body, headers, credentials: "same-origin", redirect: "error", signal });
  } catch {
    throw new Refused("offline", "");
  }
  if (answer.ok) return answer;
  const problem = heard(await answer.json().catch(() => ({})));
  const kind =
    String(problem.type ?? "")
      .split(":")
      .at(-1) || "bug";
  if (kind === "changed" && app.saving === "saved") {
    app.saving = kind;
    changed();
  }
  throw new Refused(kind, problem.detail ?? `${answer.status}`);
}

// Whether it is about the file as it is shown, which may have been replaced on the disk; opening it never is.
function ofShown(method, path) {
  if (!app.file) return false;
  return path.startsWith(`${itemPath()}/`) || (method === "PUT" && path === itemPath());
}
