// The types of the messages from the server, as `explorer/sandboxes/events.py` and `explorer/network/model.py` define them.

/**
 * @typedef {{ text: string, key: string, why: string, about: string[] }} Line
 * @typedef {{ cidr: string, family: string, scope: string, flags?: string[] }} Address
 * @typedef {{ kind_of: "interface", key: string, index: number, name: string, kind: string, mac: string, mtu: number,
 *   state: string, master: string, peer_index: number | null, peer_name: string, peer_place: string,
 *   addresses: Address[], detail?: [string, string][] }} Interface
 * @typedef {{ kind_of: "call", key: string, driver: string, method: string, at: number, what: string, asked: string,
 *   answer: string, error: string, seconds: number | null }} Call
 * @typedef {{ kind_of: string, key: string, [fact: string]: unknown }} OtherItem
 * @typedef {{ command: string, lines: Line[], items: (Interface | OtherItem)[], error: string, truncated: boolean,
 *   since: Record<string, number>, changed: Record<string, number> }} Observation
 * @typedef {string} View the name of a row of the table of views
 * @typedef {{ id: string, kind: "host" | "container" | "machine" | "namespace", host: string, name: string, netns: number,
 *   shares: string, error: string, since: number, views: Partial<Record<View, Observation>> }} Place
 * @typedef {{ id: string, name: string, driver: string, internal?: boolean, subnets: string[], gateways: string[], bridge: string,
 *   created: number, project?: string, in_project?: string }} DockerNetwork
 * @typedef {{ network: string, address: string }} Endpoint
 * @typedef {{ host_address: string, host_port: number, container_port: number, protocol: string }} PublishedPort
 * @typedef {{ id: string, name: string, image: string, state: string, network_mode: string, endpoints: Endpoint[],
 *   ports: PublishedPort[], created: number, project?: string, service?: string }} DockerContainer
 * @typedef {{ host: string, engine?: string, version: string, error: string, networks: DockerNetwork[],
 *   containers: DockerContainer[] }} DockerState
 * @typedef {{ sandbox: string, generation: number, number: number, at: number, places: Record<string, Place>,
 *   docker: Record<string, DockerState>, probes: Record<string, unknown>, gone: Gone[],
 *   no_commands?: string }} Snapshot
 * @typedef {{ place: string, view: View | "namespaces", key: string, text: string }} Put
 * @typedef {{ host: string, owner: string, detail: string, at: number, put: Put[], more: boolean }} Gone
 * @typedef {{ id: string, place: string, open: boolean, reason: string }} TerminalFacts
 * @typedef {{ id: string, place: string, interface: string, expression: string, began: number, running: boolean,
 *   failed: boolean, reason: string, kept: number, left_out: number, ring?: boolean }} CaptureFacts
 * @typedef {{ number: number, at: number }} Numbered
 * @typedef {Numbered & { type: "sandbox_changed", state: string, phase: string, detail: string, generation: number,
 *   expires_at: number | null, position: number | null }} SandboxChanged
 * @typedef {Numbered & { type: "snapshot_taken", snapshot: Snapshot, resync: boolean }} SnapshotTaken
 * @typedef {Numbered & { type: "place_seen", place: Place }} PlaceSeen
 * @typedef {Numbered & { type: "place_gone", place: string, name: string }} PlaceGone
 * @typedef {Numbered & { type: "view_changed", place: string, view: View, observation: Observation, added: string[],
 *   changed: string[], passing: string[], removed: Line[], cause: string }} ViewChanged
 * @typedef {Numbered & { type: "frames_counted", place: string, interfaces: string[],
 *   rates?: Record<string, number> }} FramesCounted
 * @typedef {Numbered & { type: "weather_told", asked: string, place: string, interface: string, text: string, error: string }}
 *   WeatherTold
 * @typedef {Numbered & { type: "docker_changed", docker: DockerState }} DockerChanged
 * @typedef {Numbered & { type: "owner_gone", gone: Gone }} OwnerGone
 * @typedef {Numbered & { type: "happened", source: string, place: string, text: string, detail: string,
 *   began?: number }} Happened
 * @typedef {Numbered & { type: "timeline_told", happenings: Happened[] }} TimelineTold
 * @typedef {Numbered & { type: "probe_answered", result: unknown }} ProbeAnswered
 * @typedef {Numbered & { type: "measured_changed", measure: string, measured: unknown }} MeasuredChanged
 * @typedef {Numbered & { type: "lesson_moved", lesson: string, step: string, passed: string[], hints: string[],
 *   found: Record<string, string>,
 *   answers: Record<string, string>, finished: boolean }} LessonMoved
 * @typedef {{ layer: string, name: string, value: string, offset: number, length: number, depth: number,
 *   changed: boolean }} HopHeader
 * @typedef {{ kind: string, place: string, ms: number, text: string, why: string, interface: string, key: string,
 *   met: { table: string, chain: string, position: number, rule: string, key: string, verdict: string, why: string } | null,
 *   headers: HopHeader[], frame: string }} Hop
 * @typedef {{ way: "request" | "answer", hops: Hop[], ending: string, end: string, evidence: Evidence[],
 *   truncated: boolean }} Journey
 * @typedef {{ kind: string, place: string, text: string, command: string }} Evidence
 * @typedef {{ asked: { source: string, target: string, kind: string, port: number, family?: number }, at: number, address: string,
 *   request: Journey | null, answer: Journey | null, result: string, ok: boolean, error: string, took_ms: number,
 *   notes: string[] }} Journeys
 * @typedef {Numbered & { type: "journey_told", journey: string, told: Journeys }} JourneyTold
 * @typedef {{ outcome: "answered" | "stranger" | "one-way" | "refused" | "no-route" | "silent" | "no-name" | "no-address" |
 *   "unmeasured", address: string, by: string, ms: number | null, why: string, evidence?: Evidence[] }} Told
 * @typedef {{ source: string, target: string, by_address: Told, by_name: Told, by_address6?: Told | null }} Cell
 * @typedef {{ places: string[], cells: Cell[], left_out: string[], at: number, seconds: number, error: string }} Grid
 * @typedef {Numbered & { type: "grid_told", asked: string, grid: Grid }} GridTold
 * @typedef {Numbered & { type: "captures_changed", captures: CaptureFacts[] }} CapturesChanged
 * @typedef {Numbered & { type: "terminals_changed", terminals: TerminalFacts[] }} TerminalsChanged
 * @typedef {SandboxChanged | SnapshotTaken | PlaceSeen | PlaceGone | ViewChanged | FramesCounted |
 *   DockerChanged | OwnerGone | Happened | TimelineTold |
 *   ProbeAnswered | MeasuredChanged | JourneyTold | GridTold | LessonMoved | TerminalsChanged |
 *   CapturesChanged | WeatherTold} StreamEvent
 * @typedef {{ type: "fresh", ok: boolean } | { type: "refused", code: string, text: string } |
 *   { type: "terminal_opened", terminal: string } |
 *   { type: "ticket_given", terminal: string, ticket: string } | { type: "no_ticket", terminal: string } |
 *   { type: "journey_begun", journey: string } | { type: "grid_begun", asked: string } |
 *   { type: "weather_begun", asked: string } | { type: "capture_ticket_given", capture: string, ticket: string } | { type: "no_capture_ticket", capture: string } |
 *   { type: "capture_begun", capture: string }} EdgeMessage
 */

export {};
