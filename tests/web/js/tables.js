// The tables that a page gets from the server, for tests without one. `tests/web/test_tables.py` holds tables.json to them.

import { readFileSync } from "node:fs";
import { tell } from "../../../static/js/page/tables.js";

export const tables = JSON.parse(readFileSync(new URL("tables.json", import.meta.url), "utf8"));
for (const [name, table] of Object.entries(tables)) tell(name, table);
