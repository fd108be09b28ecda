// What the lesson page needs besides what every page does.

import { begin } from "./elements.js";

begin().arrive();
