// The card for the till: a new code as soon as the old one is over, and again when the page comes back into view.
import { call } from "./http.js";

const by = (id) => document.getElementById(id);
const AGAIN_MS = 3000;
let waits = null;

function wait(changesAt) {
  clearTimeout(waits);
  waits = setTimeout(renew, Math.max(1000, new Date(changesAt) - Date.now()));
}

async function renew() {
  try {
    const card = await call("GET", "/v1/me/card");
    by("qr").replaceChildren(new DOMParser().parseFromString(card.qr_svg, "image/svg+xml").documentElement);
    by("digits").textContent = card.code_spaced;
    by("lost").hidden = true;
    wait(card.changes_at);
  } catch {
    by("lost").hidden = false;
    waits = setTimeout(renew, AGAIN_MS);
  }
}

document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && renew());
wait(by("card").dataset.changesAt);
