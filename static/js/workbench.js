// What the lesson page needs besides what every page does.

import { begin } from "./workbench/elements.js";

begin().arrive();
