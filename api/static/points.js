// Where one's points come from: what each opening of a link brought and why it is where it is, and every movement.
import { element } from "./dom.js";
import { call } from "./http.js";
import { days, lang, t } from "./texts.js";

const by = (id) => document.getElementById(id);
const day = (at) => new Date(at).toLocaleDateString(days, { day: "numeric", month: "short" });
const signed = (n) => n.toLocaleString(lang, { signDisplay: "exceptZero" });

export function listenForPoints() {
  by("points_from").addEventListener("toggle", () => showPoints().catch(() => {}));
}

// Asked for while it is open only: few look.
export async function showPoints() {
  if (!by("points_from").open) return;
  const [links, said] = await Promise.all([call("GET", `/v1/me/shares?lang=${lang}`), call("GET", "/v1/me/points")]);
  const brought = links.items.flatMap((link) => link.openings.map((opening) => why(link, opening)));
  by("brought").replaceChildren(...brought);
  by("moves").replaceChildren(...said.items.map(move));
  by("no_points").hidden = brought.length + said.items.length > 0;
}

function why(link, opening) {
  const head = `${link.title} · ${opening.points.toLocaleString(lang)} (${t.points_states[opening.state]})`;
  return element("li", {}, element("span", {}, element("b", {}, head), element("br"), opening.why));
}

function move({ at, kind, available, pending }) {
  const parts = [available ? signed(available) : null, pending ? `${signed(pending)} (${t.points_states.pending})` : null];
  return element("li", {}, element("span", {}, t.entry_kinds[kind], element("small", {}, ` ${day(at)}`)), element("span", {}, parts.filter(Boolean).join(", ")));
}
