// The wallet's service worker. The server puts `self.RAYON` (version, files, pages) before it: see api/shoppers/wallet.
// What was received is not here but in the page's own database (kept.js): a new worker throws caches away, never coupons.
importScripts("/static/worker_push.js");

const SHELL = `rayon-${self.RAYON.version}`;
const READER = "rayon-reader"; // in which language the page was last read
const PATIENCE_MS = 2000; // a network that says nothing is no network: the kept page then asks it again
const withKept = new Set(); // who has the kept page: a network that said nothing to it says nothing of its parts, either

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

async function keepShell() {
  const shell = await caches.open(SHELL);
  await shell.addAll([...self.RAYON.pages, ...self.RAYON.files].map((path) => new Request(path, { cache: "no-cache" })));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("rayon-") && ![SHELL, READER].includes(name)).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  const isPage = event.request.mode === "navigate";
  if (isPage && url.pathname === "/me" && !url.searchParams.has("pass")) event.respondWith(wallet(event));
  else if (isPage && url.pathname.startsWith("/me/")) event.respondWith(beside(event.request, url));
  else if (url.pathname.startsWith("/static/")) event.respondWith(part(event));
});

// The network first: a page and its scripts then always come from one version of the server.
async function wallet(event) {
  let answer = null;
  try {
    answer = await fetch(event.request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return (await keptPage(event)) ?? Response.error();
  }
  if (answer.status >= 500) return (await keptPage(event)) ?? answer;
  const lang = answer.headers.get("Content-Language");
  if (answer.ok && lang) await remember(lang);
  return answer;
}

// The card, the points, one's data: the server alone has them. Without it the wallet comes, which says that there is no
// network, and not the browser's own page, where the coupon would be out of reach.
async function beside(request, url) {
  try {
    return await fetch(request);
  } catch {
    const lang = url.searchParams.get("lang");
    return Response.redirect(lang ? `/me?lang=${encodeURIComponent(lang)}` : "/me");
  }
}

async function part({ request, clientId }) {
  const kept = () => caches.match(request, { cacheName: SHELL, ignoreSearch: true });
  try {
    return (withKept.has(clientId) && (await kept())) || (await fetch(request));
  } catch {
    return (await kept()) ?? Response.error();
  }
}

async function keptPage({ request, resultingClientId }) {
  withKept.add(resultingClientId);
  const asked = new URL(request.url).searchParams.get("lang");
  const said = await caches.match("/reader", { cacheName: READER });
  const wanted = [asked, said && (await said.text())].map((lang) => `/me/offline?lang=${lang}`);
  const path = wanted.find((page) => self.RAYON.pages.includes(page)) ?? self.RAYON.pages[0];
  return caches.match(path, { cacheName: SHELL });
}

async function remember(lang) {
  try {
    await (await caches.open(READER)).put("/reader", new Response(lang));
  } catch {
    // no room: the page without a network then comes in the first of our languages
  }
}
