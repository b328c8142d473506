// "Recognise me for this visit": a switch that says what the staff will see. It goes off by itself when the visit ends.
import { call } from "./http.js";
import { t } from "./texts.js";

const by = (id) => document.getElementById(id);
let chosen = false;

function draw(state) {
  chosen = state.chosen;
  by("recognition").hidden = !state.offered;
  by("recognise").textContent = chosen ? t.recognition.stop : t.recognition.start;
  by("recognised").textContent = chosen ? t.recognition.chosen : "";
}

export async function showRecognition(store, failed) {
  draw(await call("GET", "/v1/me/recognition"));
  by("recognise").onclick = async () => {
    try {
      draw(await call("PUT", "/v1/me/recognition", { store: store(), chosen: !chosen }));
    } catch {
      failed();
    }
  };
}
