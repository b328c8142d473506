// Less: what is muted with its undo, how often at most, and hours of quiet.
import { element } from "./dom.js";
import { call } from "./http.js";
import { counted, fill, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const OFTEN = { shop: [null, null], day: [1, 3], week: [null, 1] }; // at most per day and per week

export async function mute(what) {
  await call("POST", "/v1/me/mutes", what);
}

async function undo({ kind, store, name }) {
  await call("DELETE", `/v1/me/mutes?${new URLSearchParams({ kind, store, name })}`);
}

let last = null; // as the server said it

export const lastQuiet = () => last;

// `after` is called when something has changed.
export async function showQuiet(after) {
  drawQuiet(await call("GET", `/v1/me/quiet?lang=${lang}`), after);
}

export function drawQuiet(said, after) {
  last = said;
  const lines = said.muted.map((muted) =>
    element(
      "li",
      {},
      element("span", {}, fill(t.mute_kinds[muted.kind], { name: muted.label })),
      element("button", { type: "button", "aria-label": fill(t.me.undo_of, { name: muted.label }), onclick: () => after(() => undo(muted)) }, t.me.undo),
    ),
  );
  by("muted").replaceChildren(...lines);
  by("none_muted").hidden = lines.length > 0;
  by("messages").textContent = `${counted(t.me, "messages", said.messages_week)} ${counted(t.me, "cap", said.cap_week)}`;
  const now = Object.entries(OFTEN).find(([, [day, week]]) => day === said.per_day && week === said.per_week);
  by("often").value = now ? now[0] : "shop";
  by("quiet_from").value = said.quiet?.from ?? "";
  by("quiet_to").value = said.quiet?.to ?? "";
  checkHours();
}

// Both or none, and not the same: the browser says what is wrong, beside the field.
function checkHours() {
  const [from, to] = [by("quiet_from"), by("quiet_to")];
  from.required = to.value !== "";
  to.required = from.value !== "";
  to.setCustomValidity(from.value !== "" && from.value === to.value ? t.me.quiet_same : "");
}

export function listenForQuiet(after) {
  by("quiet_form").addEventListener("input", checkHours);
  by("quiet_form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [per_day, per_week] = OFTEN[by("often").value];
    const [from, to] = [by("quiet_from").value, by("quiet_to").value];
    after(() => call("PUT", "/v1/me/quiet", { per_day, per_week, quiet: from && to ? { from, to } : null }));
  });
}
