// The live elements of a lesson's page; they start by themselves when they appear. And what has to be begun once.

import "./nonce.js";
import { CapturedFrame } from "./captured-frame.js";
import { DriverCalls } from "./driver-calls.js";
import { LabTerminal } from "./lab-terminal.js";
import { LessonStep } from "./lesson-step.js";
import { LiveSandbox } from "./live-sandbox.js";
import { LiveTable } from "./live-table.js";
import { LiveViews } from "./live-views.js";
import { NetMap } from "./net-map.js";
import { PacketCapture } from "./packet-capture.js";
import { PacketJourney } from "./packet-journey.js";
import { PaneSplit, watchPanes } from "./pane-split.js";
import { ReachGrid } from "./reach-grid.js";
import { RecordedSandbox } from "./recorded-sandbox.js";
import { TerminalDock } from "./terminal-dock.js";
import { Timeline } from "./time-line.js";
import { WhatAdded } from "./what-added.js";

customElements.define("time-line", Timeline);
customElements.define("what-added", WhatAdded);
customElements.define("driver-calls", DriverCalls);
customElements.define("live-table", LiveTable);
customElements.define("packet-journey", PacketJourney);
customElements.define("captured-frame", CapturedFrame);
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
