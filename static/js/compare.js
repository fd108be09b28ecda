// What the comparison page needs besides: the element that keeps it up to date.

import { LiveComparison } from "./live-comparison.js";

customElements.define("live-comparison", LiveComparison);
