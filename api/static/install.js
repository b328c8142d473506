// The wallet as an app: its service worker, where the browser has such a thing (none on plain http, none in captive windows).
export function startWorker() {
  if (!("serviceWorker" in navigator)) return null;
  return navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" }).catch(() => null);
}
