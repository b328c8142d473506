// One way to talk to the server: JSON in and out, a fresh Idempotency-Key per write, repeated when the network fails.
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.code = problem.code || "unknown";
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function call(method, path, body, headers = {}) {
  const init = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  if (method !== "GET") init.headers["Idempotency-Key"] ??= freshKey();
  for (let attempt = 0; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, init);
    } catch (failure) {
      if (attempt >= 3) throw failure; // the same key: a write that did arrive is not done twice
      await pause(300 * 2 ** attempt);
      continue;
    }
    const text = await response.text();
    const data = text && (response.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : {};
    if (!response.ok) throw new Refusal(response.status, data);
    return data;
  }
}

export function freshKey() {
  // crypto.randomUUID is missing on plain http; getRandomValues is not.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
