// Everything was erased at the server: what this phone had kept goes, too.
import { forget } from "./kept.js";

await forget();
