// What belongs to which Compose project, by the labels of networks and containers: the same as `explorer/network/projects.py`,
// for the page. Pure.

/** @import { DockerContainer, DockerNetwork, DockerState } from "./types.js" */

/** @typedef {DockerNetwork | DockerContainer} Thing */

/**
 * Project → its networks, then its containers.
 * @param {DockerState | undefined} docker
 * @returns {Map<string, Thing[]>}
 */
export function projectsOf(docker) {
  /** @type {Map<string, Thing[]>} */
  const found = new Map();
  for (const thing of docker ? [...docker.networks, ...docker.containers] : []) {
    if (!thing.project) continue;
    const known = found.get(thing.project);
    if (known) known.push(thing);
    else found.set(thing.project, [thing]);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** For example "Compose project: 2 networks, 3 services, 4 containers". @param {Thing[]} things */
export function summaryOf(things) {
  const containers = things.filter((one) => !("driver" in one));
  const services = new Set(containers.map((one) => ("service" in one ? one.service : "")));
  const counted = /** @type {[number, string][]} */ ([
    [things.length - containers.length, "network"],
    [services.size, "service"],
    [containers.length, "container"],
  ]);
  const words = counted.filter(([count]) => count).map(([count, word]) => `${count} ${word}${count === 1 ? "" : "s"}`);
  return `Compose project: ${words.join(", ")}`;
}

/** For example "service web of project shop"; empty for what no project has. @param {Thing} thing */
export function partOf(thing) {
  if (!thing.project) return "";
  return `${"driver" in thing ? `network ${thing.in_project}` : `service ${thing.service}`} of project ${thing.project}`;
}
