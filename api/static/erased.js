// Everything was erased at the server: what this phone had kept goes, too, and what it shows.
import { forget } from "./kept.js";
import { endPush } from "./push.js";

await forget();
await endPush().catch(() => {}); // the push service is away: what it still has leads to nobody
