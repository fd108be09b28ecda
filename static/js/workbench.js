// The script of lesson pages, in addition to that of every page.

import { begin } from "./workbench/elements.js";

begin().arrive();
