// Loads the live elements of a lesson's page, and begins what has to be begun once.

import "../terminal/nonce.js";
import { NetMap } from "../map/net-map.js";
import { CaptureDesktop } from "../packets/capture-desktop.js";
import { CapturedFrame } from "../packets/captured-frame.js";
import { PacketCapture } from "../packets/packet-capture.js";
import { PacketJourney } from "../packets/packet-journey.js";
import { ReachGrid } from "../packets/reach-grid.js";
import { LabTerminal } from "../terminal/lab-terminal.js";
import { TerminalDock } from "../terminal/terminal-dock.js";
import { DriverCalls } from "../views/driver-calls.js";
import { LiveTable } from "../views/live-table.js";
import { LiveViews } from "../views/live-views.js";
import { Timeline } from "../views/time-line.js";
import { WhatAdded } from "../views/what-added.js";
import { LessonStep } from "./lesson-step.js";
import { LiveSandbox } from "./live-sandbox.js";
import { PaneSplit, watchPanes } from "./pane-split.js";
import { RecordedSandbox } from "./recorded-sandbox.js";

customElements.define("time-line", Timeline);
customElements.define("what-added", WhatAdded);
customElements.define("driver-calls", DriverCalls);
customElements.define("live-table", LiveTable);
customElements.define("packet-journey", PacketJourney);
customElements.define("captured-frame", CapturedFrame);
customElements.define("capture-desktop", CaptureDesktop);
customElements.define("packet-capture", PacketCapture);
customElements.define("reach-grid", ReachGrid);
customElements.define("live-views", LiveViews);
customElements.define("net-map", NetMap);
customElements.define("pane-split", PaneSplit);
customElements.define("lab-terminal", LabTerminal);
customElements.define("terminal-dock", TerminalDock);
customElements.define("live-sandbox", LiveSandbox);
customElements.define("recorded-sandbox", RecordedSandbox);

/** Once the page is complete. */
export function begin() {
  watchPanes();
  return new LessonStep(document.body);
}
