// The address of this page may hold the phone's MAC: out of the address bar and the history with it.
const language = new URLSearchParams(location.search).get("lang");
history.replaceState(null, "", location.pathname + (language ? `?lang=${encodeURIComponent(language)}` : ""));
