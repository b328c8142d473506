// The server's clock on a phone whose own may be wrong, or be set while the page is open.
let ahead_ms = 0; // the server's clock less this phone's
let latest_ms = 0; // the server's time was at least this: no clock of a phone brings a coupon back to life
let wall_ms = Date.now();
let steady_ms = performance.now(); // goes on evenly, whoever sets the clock

const JUMP_MS = 2000;
export const WRONG_MS = 120_000; // worth a word

export function now() {
  const jump_ms = Date.now() - wall_ms - (performance.now() - steady_ms);
  if (Math.abs(jump_ms) > JUMP_MS && jump_ms < 0) ahead_ms -= jump_ms; // set back; forward may have been sleep
  wall_ms = Date.now();
  steady_ms = performance.now();
  latest_ms = Math.max(latest_ms, wall_ms + ahead_ms);
  return latest_ms;
}

export function set(server_ms) {
  ahead_ms = server_ms - Date.now();
  latest_ms = server_ms;
}

// Without a network: as far off as it was last, and never before what the server said then.
export function restore(clock) {
  ahead_ms = clock.ahead_ms;
  latest_ms = clock.latest_ms;
}

export const state = () => ({ ahead_ms, latest_ms: now() });
export const isWrong = () => Math.abs(ahead_ms) > WRONG_MS;
